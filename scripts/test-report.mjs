// Prints the failures of vitest's JSON report, the reasons of skipped tests, and last its numbers: `passed failed skipped`.
// A file that does not load, a crash outside any test, and skipped tests without a reason count as one failure more.
import { readFileSync } from 'node:fs';

const [, , report, status] = process.argv;
const isSkipped = ({ status }) => status === 'skipped' || status === 'pending' || status === 'todo';

const counted = (all) => {
  const counts = new Map();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts];
};

const readReport = () => {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return []; // the run did not get that far
  }
};

const files = readReport();
const tests = files.flatMap(({ assertionResults }) => assertionResults);
const broken = files.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
).length;
const failed = tests.filter((test) => test.status === 'failed').length + broken;
const skipped = tests.filter(isSkipped);
const reasons = skipped.flatMap(({ meta }) => meta.skipped ?? []); // properties/skips.ts

const failures = files.flatMap(({ name, message, assertionResults, status: outcome }) => {
  const own = assertionResults.filter((test) => test.status === 'failed');
  if (own.length > 0) return own.map(({ fullName, failureMessages }) => [`${name} > ${fullName}`, failureMessages[0]]);
  return outcome === 'failed' ? [[name, message]] : [];
});
if (failures.length === 0 && status !== '0') failures.push(['vitest', `status ${status}, with no failed test`]);

// a failure of a hook leaves out tests, too
const silent = failures.length === 0 ? skipped.filter(({ meta }) => meta.skipped === undefined) : [];
if (silent.length > 0) {
  const names = silent.map(({ fullName }) => fullName).join('\n');
  failures.push([`vitest: ${silent.length} skipped tests have no reason (properties/skips.ts)`, names]);
}

/** The maximum number of lines of a failure. */
const MOST_LINES = 20;
for (const [name, message = ''] of failures)
  console.log([`== FAILED: ${name}`, ...message.split('\n').slice(0, MOST_LINES)].join('\n'));
for (const [reason, count] of counted(reasons)) console.log(`== SKIPPED: ${reason}: ${count}`);
console.log(
  tests.filter((test) => test.status === 'passed').length,
  failed === 0 ? Math.min(failures.length, 1) : failed,
  skipped.length,
);
