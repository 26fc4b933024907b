/** The file of the trained digit classifier, which is beside this module. */
import { task, type Task } from '../../dsl/run/effect.js';
import { node, onFile } from '../../node/node.js';

/** The URL in the form that bundlers recognize, so that they copy the file. */
const file = (): URL => new URL('./digits.safetensors', import.meta.url);

const fetched = async (url: URL): Promise<Uint8Array> => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

/** Reads the file; in a browser from the location of this module. Fails with `FileError`. */
export const digitBytes: Task<Uint8Array> = task((): ReturnType<Task<Uint8Array>> => {
  const url = file();
  return onFile(url.href, 'the parameters of the digit classifier', () =>
    url.protocol === 'file:' ? node().readFile(url) : fetched(url),
  )();
});
