/** Programs of ours as text. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { alias } from '../alias.config.js';

/** A program as one module, for a page or a process of Node; it may import modules of Node if it is for Node alone. */
export const bundled = async (file: URL, { node = false } = {}): Promise<string> => {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { alias },
    ssr: { noExternal: true },
    build: {
      ssr: node,
      write: false,
      minify: false, // so that what it throws can be read
      target: 'es2023',
      rolldownOptions: {
        input: fileURLToPath(file),
        output: { codeSplitting: false },
      },
    },
  });
  const [result] = [built].flat();
  if (result === undefined || !('output' in result)) throw new Error('expected a bundle');
  return result.output[0].code;
};
