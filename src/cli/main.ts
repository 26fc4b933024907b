#!/usr/bin/env node
/** `npx noisefold`: `doctor` lists the backends that work on this machine, `worker` runs jobs. */
import { fileURLToPath } from 'node:url';

const USAGE = `npx noisefold doctor [--json]

Tries every backend in a separate process. Prints which backends work here, the
device they run on and their speeds: matrix products and convolutions in
GFLOP/s, fused elementwise operations in GB/s. Exits with 0 if any backend works.

npx noisefold worker --queue URL --checkpoints PATH
                     [--threads N] [--name NAME] [--patience SECONDS]
                     [--tls-ca FILE] [--tls-cert FILE] [--tls-key FILE]

Runs jobs of a queue, such as those of sampleShards, until SIGTERM or Ctrl-C; it
finishes its job first. PATH is a trained file or a folder of them, and may be
given several times. URL is redis://:password@host:port, or rediss://… for
TLS, with the certificates of FILE; by default that of the environment
variable NOISEFOLD_QUEUE, which other users of the machine cannot see. It ends
with 1 if the server does not answer for SECONDS, by default 60.
`;

const [command = '', ...words] = process.argv.slice(2);

/** Prints the usage. Returns the exit code: 0 if it was asked for. */
const usage = (): number => {
  process.stdout.write(USAGE);
  return command === '--help' || command === 'help' || words.includes('--help') ? 0 : 2;
};

/** Runs a command, loaded on demand. Returns the exit code. */
const run = async (): Promise<number> => {
  if (words.includes('--help')) return usage();
  if (command === 'worker') return (await import('../shards/command.js')).workerCommand(words);
  const { doctorCommand } = await import('../doctor/command.js');
  return (await doctorCommand([command, ...words], fileURLToPath(import.meta.url))) ?? usage();
};

process.exitCode = await run();
