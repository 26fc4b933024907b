/** `npx noisefold doctor`: lists the backends that work on this machine, with their speeds. */
import { BACKENDS } from '../backends/auto/candidates.js';
import { machine } from './machine.js';
import { probe, type Finding } from './probe.js';
import { probeInProcess } from './processes.js';
import { formatReport, reportOf } from './report.js';

const MANIFEST = new URL('../../../package.json', import.meta.url);

const doctor = async (main: string, json: boolean): Promise<number> => {
  const findings: Finding[] = [];
  for (const name of BACKENDS) {
    if (!json && process.stderr.isTTY) process.stderr.write(`\r\u001B[Ktrying ${name} …`);
    findings.push(await probeInProcess(main, name));
  }
  if (!json && process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  const report = reportOf(machine(MANIFEST), findings);
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report).join('\n')}\n`);
  return report.backends.some(({ works }) => works) ? 0 : 1;
};

/**
 * Runs `doctor`, and `--probe` of its processes. Returns the exit code, or null for other words.
 *
 * @param main - the program that runs this command, which it starts again for each backend
 */
export const doctorCommand = async (words: readonly string[], main: string): Promise<number | null> => {
  const [command, option, ...more] = words;
  const probed = BACKENDS.find((name) => name === option);
  if (command === '--probe' && probed !== undefined) {
    for await (const message of probe(probed)) process.send?.(message);
    return 0;
  }
  if (command !== 'doctor' || more.length > 0 || (option !== undefined && option !== '--json')) return null;
  return doctor(main, option === '--json');
};
