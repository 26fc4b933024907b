// Prints the tests of vitest's JSON report that were skipped or failed, and last its numbers: `passed failed skipped`.
// A file that does not load, or a crash outside any test, counts as one failure more.
import { readFileSync } from 'node:fs';

const [, , report, status] = process.argv;
const isSkipped = ({ status }) => status === 'skipped' || status === 'pending' || status === 'todo';

/**
 * Lists skipped tests: a completely skipped suite by its title, which gives the reason, other tests by their own
 * titles.
 */
const titlesOf = (tests) => {
  const suiteOf = ({ ancestorTitles }) => ancestorTitles[0];
  const running = new Set(tests.filter((test) => !isSkipped(test)).map(suiteOf));
  return tests
    .filter(isSkipped)
    .map((test) => (suiteOf(test) === undefined || running.has(suiteOf(test)) ? test.title : suiteOf(test)));
};

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
const titles = files.flatMap(({ assertionResults }) => titlesOf(assertionResults));

const failures = files.flatMap(({ name, message, assertionResults, status: outcome }) => {
  const own = assertionResults.filter((test) => test.status === 'failed');
  if (own.length > 0) return own.map(({ fullName, failureMessages }) => [`${name} > ${fullName}`, failureMessages[0]]);
  return outcome === 'failed' ? [[name, message]] : [];
});
if (failures.length === 0 && status !== '0') failures.push(['vitest', `status ${status}, with no failed test`]);

/** The maximum number of lines of a failure. */
const MOST_LINES = 20;
for (const [name, message = ''] of failures)
  console.log([`== FAILED: ${name}`, ...message.split('\n').slice(0, MOST_LINES)].join('\n'));
for (const [title, count] of counted(titles)) console.log(`== SKIPPED: ${count} × ${title}`);
console.log(
  tests.filter((test) => test.status === 'passed').length,
  failed === 0 && status !== '0' ? 1 : failed,
  titles.length,
);
