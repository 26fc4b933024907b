/** `npm run example:http -- model.safetensors`: serves a file of `saveTrained` until SIGTERM or Ctrl-C. */
import { parseArgs } from 'node:util';
import { errorIn, open } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { cfg, ddim } from 'noisefold/diffusion';
import { loadTrained, prepareSampling } from 'noisefold/training';
import { serve } from './server.js';

const USAGE = `node main.js model.safetensors [--port 8080] [--host 127.0.0.1] [--steps 25] [--guidance 3] [--waiting 16]`;

/** Resolves at the first signal to stop. A second one ends the process at once. */
const toldToStop = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });

const wholeNumber = (option: string, text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`${option}: expected a whole number, got ${text}`);
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8080' },
      host: { type: 'string', default: '127.0.0.1' },
      steps: { type: 'string', default: '25' },
      guidance: { type: 'string' },
      waiting: { type: 'string', default: '16' },
    },
  });
  const [path] = positionals;
  if (path === undefined) throw new Error(USAGE);

  await using nf = await open(wasm());
  const trained = await nf.run(loadTrained(path));
  const needsConditions = values.guidance !== undefined;
  const guidance = needsConditions ? { guidance: cfg(Number(values.guidance)) } : {};
  const prepared = await nf.run(prepareSampling(trained, { solver: ddim(), grid: Number(values.steps), ...guidance }));

  const port = wholeNumber('--port', values.port);
  if (port > 65_535) throw new Error(`--port: expected a port, 0 to 65535, got ${port}`);
  const waiting = wholeNumber('--waiting', values.waiting);
  const serving = await serve({ nf, prepared, host: values.host, port, waiting, needsConditions });
  const stopped = toldToStop();
  console.log(`${serving.url}/samples`);
  await stopped;
  await serving.stop();
  await nf.run(prepared.release);
};

await main().catch((thrown: Error) => {
  console.error(errorIn(thrown)?.message ?? thrown.message);
  process.exitCode = 1;
});
