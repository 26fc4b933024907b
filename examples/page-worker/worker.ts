import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { ddim } from 'noisefold/diffusion';
import { key } from 'noisefold/dsl';
import { encodePng, type HostConditions, imageGrid, loadTrained, prepareSampling } from 'noisefold/training';

/** A request of the page. */
export interface Asked {
  /** The address of the model, which is loaded once. */
  readonly model: string;
  readonly seed: number;
  readonly labels?: readonly (number | string)[];
  readonly conditions?: HostConditions;
  readonly count?: number;
}

export type Answer = { readonly png: Uint8Array<ArrayBuffer> } | { readonly message: string };

/** Loads the model and compiles its sampling. */
const load = async (address: string) => {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const nf = await open(wasm());
  const trained = await nf.run(loadTrained(bytes));
  const prepared = await nf.run(prepareSampling(trained, { solver: ddim(), grid: 25 }));
  return { nf, prepared };
};
let loaded: ReturnType<typeof load> | undefined; // by the first request

const answer = async ({ model, seed, ...asked }: Asked, signal: AbortSignal): Promise<Answer> => {
  try {
    const { nf, prepared } = await (loaded ??= load(model));
    const images = await nf.run(prepared.sample({ key: key(seed), ...asked, signal }));
    return { png: new Uint8Array(await nf.run(encodePng(unwrap(imageGrid(images))))) };
  } catch (thrown) {
    return { message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
};

/** Each request comes with its own message port: the answer goes to it, and a message from it cancels the request. */
globalThis.addEventListener('message', ({ data, ports: [port] }: MessageEvent<Asked>) => {
  if (port === undefined) return; // of no request
  const stop = new AbortController();
  port.addEventListener('message', () => stop.abort());
  port.start();
  void answer(data, stop.signal).then((answered) => port.postMessage(answered));
});
