// @modelcontextprotocol/client 2.x against warder. argv: legacy or auto, then the command.
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import assert from 'node:assert/strict';
import { report, runSteps } from './steps.mjs';

const [mode, command, ...args] = process.argv.slice(2);
await report(`client 2.x ${mode}`, async () => {
  assert.ok(mode === 'legacy' || mode === 'auto', 'the first argument is legacy or auto');
  const options = mode === 'auto' ? { versionNegotiation: { mode: 'auto' } } : {};
  const client = new Client({ name: 'warder-test-client2', version: '1.0.0' }, { capabilities: {}, ...options });
  await client.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
  const seen = await runSteps({
    listTools: () => client.listTools(),
    call: (name, input, callOptions) => client.callTool({ name, arguments: input }, callOptions),
  });
  const era = client.getNegotiatedProtocolVersion?.();
  // auto against a server of both eras must end in the modern one; WARDER_TEST_ERA=any is for other servers.
  if (mode === 'auto' && process.env.WARDER_TEST_ERA !== 'any') assert.equal(era, '2026-07-28');
  await client.close();
  return { server: client.getServerVersion?.(), era, ...seen };
});
