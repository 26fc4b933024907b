/** The gradients of tfjs, which its Node bundle lacks. */
import { register } from 'node:module';

/** Registers them in the registry that all copies of tfjs share. */
export const registerGradients = async (): Promise<void> => {
  register('./esmOfTfjs.js', import.meta.url);
  const gradients = '@tensorflow/tfjs-core/dist/register_all_gradients.js'; // its types conflict with those of the bundle
  await import(gradients);
};
