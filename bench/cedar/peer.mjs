// What does Cedar take for the decisions that warder was just timed at?
//
// Usage: bench_decide --peer | node peer.mjs [--json]
// Reads one JSON line for each size: warder's times, and each call with its decision. Makes the equivalent Cedar
// policies, checks that Cedar decides every call alike, and times its stateful calls: the policy set was parsed before
// (preparsePolicySet), a request goes in as a JavaScript object and the answer comes back as one. Ends with 1 where a
// decision differs.
import { createInterface } from 'node:readline';
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';

const asJson = process.argv.includes('--json');
const rounds = 40;

// bench_decide's rules of --peer, in the same order: every fifth forbids.
function cedarPolicies(rules) {
  let text = 'forbid(principal, action, resource) when { context.path like "*.key" };\n';
  for (let i = 0; i < rules; ++i) {
    const scope = `(principal, action == Action::"run", resource == Program::"p${Math.floor(i / 10)}")`;
    const word = `context.word == "w${i % 10}"`;
    text += i % 5 === 4
      ? `forbid${scope} when { ${word} };\n`
      : `permit${scope} when { ${word} && context.path like "/srv/work/api/*" };\n`;
  }
  return text;
}

const at = (sorted, share) => sorted[Math.floor((sorted.length - 1) * share)];

for await (const line of createInterface({ input: process.stdin })) {
  const warder = JSON.parse(line);
  const id = `rules-${warder.rules}`;
  const parsed = preparsePolicySet(id, { staticPolicies: cedarPolicies(warder.rules) });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed));
  const requests = warder.calls.map((call) => ({
    principal: { type: 'Agent', id: 'a' },
    action: { type: 'Action', id: 'run' },
    resource: { type: 'Program', id: call.program },
    context: { word: call.word, path: `/srv/work/api/${call.path}` },
    preparsedPolicySetId: id,
    validateRequest: false,
    entities: [],
  }));
  const times = [];
  for (let round = 0; round < rounds; ++round) {
    for (let i = 0; i < requests.length; ++i) {
      const start = process.hrtime.bigint();
      const answer = statefulIsAuthorized(requests[i]);
      times.push(Number(process.hrtime.bigint() - start) / 1000);
      const allowed = answer.type === 'success' && answer.response.decision === 'allow';
      if (answer.type !== 'success' || allowed !== warder.calls[i].allowed) {
        console.error(`peer.mjs: ${JSON.stringify(warder.calls[i])}: Cedar says ${JSON.stringify(answer)}`);
        process.exit(1);
      }
    }
  }
  const warm = times.slice(requests.length).sort((a, b) => a - b);
  const p50 = at(warm, 0.5);
  const p99 = at(warm, 0.99);
  const row = {
    bench: 'policy.peer', peer: '@cedar-policy/cedar-wasm 4.13.0', rules: warder.rules,
    warder_p50_us: warder.p50_us, warder_p99_us: warder.p99_us, cedar_p50_us: p50, cedar_p99_us: p99,
    p50_ratio: p50 / warder.p50_us, p99_ratio: p99 / warder.p99_us,
  };
  if (asJson) {
    console.log(JSON.stringify(row));
  } else {
    const us = (value) => value.toFixed(2).padStart(9);
    console.log(`${String(warder.rules).padStart(7)} rules: warder p50${us(warder.p50_us)} p99${us(warder.p99_us)}   ` +
      `cedar-wasm p50${us(p50)} p99${us(p99)}   ratio p50 ${row.p50_ratio.toFixed(1)} p99 ${row.p99_ratio.toFixed(1)}`);
  }
}
