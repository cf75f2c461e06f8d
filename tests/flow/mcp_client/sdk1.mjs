// @modelcontextprotocol/sdk 1.x against warder. argv: the command that speaks MCP on its stdio.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { report, runSteps } from './steps.mjs';

const [command, ...args] = process.argv.slice(2);
await report('sdk 1.x', async () => {
  const client = new Client({ name: 'warder-test-sdk1', version: '1.0.0' }, { capabilities: {} });
  await client.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
  const seen = await runSteps({
    listTools: () => client.listTools(),
    call: (name, input, options) => client.callTool({ name, arguments: input }, undefined, options),
  });
  await client.close();
  return { server: client.getServerVersion(), ...seen };
});
