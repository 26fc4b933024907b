#!/usr/bin/env node
/** `npx noisefold doctor`: what works on this machine, and how fast. */
import { fileURLToPath } from 'node:url';
import { ORDER } from '../backends/auto/candidates.js';
import { machine } from './machine.js';
import { probe, type Finding } from './probe.js';
import { probeApart } from './processes.js';
import { lines, reportOf } from './report.js';

const USAGE = `npx noisefold doctor [--json]

Tries every backend in a process of its own, and prints which work here, on what, and how fast they are:
products of matrices and convolutions in GFLOP/s, a chain of arithmetic in GB/s. It ends with 0 if one works.`;

const MANIFEST = new URL('../../../package.json', import.meta.url);

const doctor = async (json: boolean): Promise<void> => {
  const findings: Finding[] = [];
  for (const name of ORDER) {
    if (!json && process.stderr.isTTY) process.stderr.write(`\r\u001B[Ktrying ${name} …`);
    findings.push(await probeApart(fileURLToPath(import.meta.url), name));
  }
  if (!json && process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  const report = reportOf(machine(MANIFEST), findings);
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : lines(report).join('\n')}\n`);
  process.exitCode = report.backends.some(({ works }) => works) ? 0 : 1;
};

const [command, option, ...more] = process.argv.slice(2);
const probed = ORDER.find((name) => name === option);
if (command === '--probe' && probed !== undefined)
  for await (const told of probe(probed)) process.send?.(told);
else if (command === 'doctor' && more.length === 0 && (option === undefined || option === '--json'))
  await doctor(option === '--json');
else {
  process.stdout.write(`${USAGE}\n`);
  process.exitCode = command === '--help' || command === 'help' || option === '--help' ? 0 : 2;
}
