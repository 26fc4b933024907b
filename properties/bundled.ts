/** Bundles programs of this repository as text. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { alias } from '../alias.config.js';

/**
 * Bundles a program into one module, for a page or a Node process. It may import Node modules if it is for Node only.
 */
export const bundled = async (file: URL, { node = false } = {}): Promise<string> => {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { alias },
    ssr: { noExternal: true },
    build: {
      ssr: node,
      write: false,
      minify: false, // so that its errors are readable
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
