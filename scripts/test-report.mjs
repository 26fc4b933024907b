// What vitest's JSON report says of tests that were skipped, and last its numbers: `passed failed skipped`.
// A file that does not load, or a crash outside any test, is one failure more.
import { readFileSync } from 'node:fs';

const [, , report, status] = process.argv;
const isSkipped = ({ status }) => status === 'skipped' || status === 'pending' || status === 'todo';

/** A suite of which nothing ran, by its title, where the reason is; else the test's own. */
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
    return []; // it did not get as far
  }
};

const files = readReport();
const tests = files.flatMap(({ assertionResults }) => assertionResults);
const broken = files.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
).length;
const failed = tests.filter((test) => test.status === 'failed').length + broken;
const titles = files.flatMap(({ assertionResults }) => titlesOf(assertionResults));

for (const [title, count] of counted(titles)) console.log(`== SKIPPED: ${count} × ${title}`);
console.log(
  tests.filter((test) => test.status === 'passed').length,
  failed === 0 && status !== '0' ? 1 : failed,
  titles.length,
);
