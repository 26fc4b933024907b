#!/usr/bin/env node
/** `npx noisefold doctor`: lists the backends that work on this machine, with their speeds. */
import { fileURLToPath } from 'node:url';
import { BACKENDS } from '../backends/auto/candidates.js';
import { machine } from './machine.js';
import { probe, type Finding } from './probe.js';
import { probeInProcess } from './processes.js';
import { formatReport, reportOf } from './report.js';

const USAGE = `npx noisefold doctor [--json]

Tries every backend in a separate process. Prints which backends work here, the device they run on and their speeds:
matrix products and convolutions in GFLOP/s, fused elementwise operations in GB/s. Exits with 0 if any backend works.`;

const MANIFEST = new URL('../../../package.json', import.meta.url);

const doctor = async (json: boolean): Promise<void> => {
  const findings: Finding[] = [];
  for (const name of BACKENDS) {
    if (!json && process.stderr.isTTY) process.stderr.write(`\r\u001B[Ktrying ${name} …`);
    findings.push(await probeInProcess(fileURLToPath(import.meta.url), name));
  }
  if (!json && process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  const report = reportOf(machine(MANIFEST), findings);
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report).join('\n')}\n`);
  process.exitCode = report.backends.some(({ works }) => works) ? 0 : 1;
};

const [command, option, ...more] = process.argv.slice(2);
const probed = BACKENDS.find((name) => name === option);
if (command === '--probe' && probed !== undefined) for await (const message of probe(probed)) process.send?.(message);
else if (command === 'doctor' && more.length === 0 && (option === undefined || option === '--json'))
  await doctor(option === '--json');
else {
  process.stdout.write(`${USAGE}\n`);
  process.exitCode = command === '--help' || command === 'help' || option === '--help' ? 0 : 2;
}
