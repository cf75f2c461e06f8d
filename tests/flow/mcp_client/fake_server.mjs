// A stand-in that answers the steps as warder does, legacy era only: it tests the test programs themselves.
import { createInterface } from 'node:readline';

const files = new Map();
const trash = new Map();
const running = new Map();
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
const names = ['run_command', 'read_file', 'write_file', 'list_directory', 'delete_file', 'restore_file',
               'session_info'];
const ok = (structuredContent) => ({ content: [{ type: 'text', text: 'ok' }], structuredContent });
const bad = (structuredContent) => ({ ...ok(structuredContent), isError: true });

const tools = {
  session_info: () => ok({ workspace: '/fake', exec_guard: 'none' }),
  write_file: ({ path, content }) => ok({ created: !files.has(path), x: files.set(path, content).size }),
  read_file: ({ path }) => (files.has(path) ? ok({ content: files.get(path) }) : bad({ failed: true })),
  delete_file: ({ path }) => {
    trash.set('1-0', files.get(path));
    files.delete(path);
    return ok({ trash_entry: '1-0' });
  },
  restore_file: ({ path, trash_entry }) => {
    files.set(path, trash.get(trash_entry));
    return ok({ restored: [path] });
  },
  run_command: ({ argv, command }, id, meta) => {
    if (command) {
      for (const progress of [1, 2])
        send({ method: 'notifications/progress', params: { progressToken: meta.progressToken, progress } });
      return void setTimeout(() => send({ id, result: ok({ ended: 'exited' }) }), 200);
    }
    if (argv[0] === 'whoami') return bad({ refused: true, level: 'forbid', rule: 'no-rule' });
    if (argv[0] === 'sleep') return void running.set(id, true);
    return ok({ ended: 'exited', exit_code: 0, stdout: argv.at(-1) });
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize') {
    send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} },
                         serverInfo: { name: 'fake', version: '1' } } });
  } else if (method === 'tools/list') {
    send({ id, result: { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) } });
  } else if (method === 'tools/call') {
    const result = tools[params.name](params.arguments, id, params._meta);
    if (result) send({ id, result });
  } else {
    send({ id, error: { code: -32601, message: 'unknown method' } });
  }
});
