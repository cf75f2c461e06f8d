// What does a client that nobody here wrote get from warder's tools?
//
// The workspace's policy must allow these programs: /usr/bin/printf and /usr/bin/sleep with free arguments; and
// reading, writing and deleting in the workspace. It must have no rule for /usr/bin/whoami.
import assert from 'node:assert/strict';

const kTools = ['run_command', 'read_file', 'write_file', 'list_directory', 'delete_file', 'restore_file',
                'session_info'];

// client: { listTools(), call(name, args, options) }; options: signal, onprogress as both libraries have them.
export async function runSteps(client) {
  const seen = {};
  const tools = (await client.listTools()).tools.map((tool) => tool.name);
  for (const name of kTools) assert.ok(tools.includes(name), `tools/list lacks ${name}`);
  seen.tools = tools.length;

  const session = await good(client, 'session_info', {});
  const dir = session.workspace;
  assert.ok(dir.startsWith('/'), 'session_info names the workspace');
  seen.exec_guard = session.exec_guard;

  const run = await good(client, 'run_command', { argv: ['printf', '%s', 'hello'], reason: 'a test' });
  assert.equal(run.stdout, 'hello');
  assert.equal(run.ended, 'exited');
  assert.equal(run.exit_code, 0);

  const file = `${dir}/client-${process.pid}.txt`;
  assert.equal((await good(client, 'write_file', { path: file, content: 'one\n' })).created, true);
  assert.equal((await good(client, 'read_file', { path: file })).content, 'one\n');
  const gone = await good(client, 'delete_file', { path: file });
  const missing = await client.call('read_file', { path: file });
  assert.equal(missing.isError, true, 'a deleted file can not be read');
  const back = await good(client, 'restore_file', { trash_entry: gone.trash_entry, path: file });
  assert.deepEqual(back.restored, [file]);
  assert.equal((await good(client, 'read_file', { path: file })).content, 'one\n');
  await good(client, 'delete_file', { path: file });

  const refused = await client.call('run_command', { argv: ['whoami'] });
  assert.equal(refused.isError, true);
  assert.equal(refused.structuredContent.refused, true);
  assert.equal(refused.structuredContent.level, 'forbid');
  seen.refused_by = refused.structuredContent.rule;

  seen.progress = await progress(client);
  seen.cancelled_after_ms = await cancel(client);
  // The connection still serves after a cancelled call.
  assert.equal((await good(client, 'run_command', { argv: ['printf', 'again'] })).stdout, 'again');
  return seen;
}

async function good(client, name, args) {
  const result = await client.call(name, args);
  assert.ok(!result.isError, `${name}: ${JSON.stringify(result.structuredContent ?? result.content)}`);
  assert.ok(Array.isArray(result.content), `${name}: content for the model`);
  return result.structuredContent;
}

// Output is streamed as progress, and the counter only grows. The sleep keeps the answer apart: the libraries
// drop progress that they read in one go with the answer.
async function progress(client) {
  const steps = [];
  const result = await client.call('run_command', { command: 'printf streamed && sleep 0.5' },
                                   { onprogress: (step) => steps.push(step.progress) });
  assert.ok(!result.isError);
  assert.ok(steps.length > 0, 'no progress came');
  for (let i = 1; i < steps.length; i++) assert.ok(steps[i] > steps[i - 1], 'progress must increase');
  return steps.length;
}

async function cancel(client) {
  const stop = new AbortController();
  const start = Date.now();
  setTimeout(() => stop.abort('enough'), 300);
  await assert.rejects(client.call('run_command', { argv: ['sleep', '20'] }, { signal: stop.signal }));
  const took = Date.now() - start;
  assert.ok(took < 10_000, 'a cancelled call ends at once');
  return took;
}

// Prints one JSON line; the exit code says whether all went well.
export async function report(name, work) {
  let code = 0;
  try {
    console.log(JSON.stringify({ client: name, ok: true, ...(await work()) }));
  } catch (error) {
    console.log(JSON.stringify({ client: name, ok: false, error: String(error?.stack ?? error) }));
    code = 1;
  }
  process.exit(code);
}
