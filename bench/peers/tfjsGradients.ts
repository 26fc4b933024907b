/** The gradients of tfjs, which its bundle for Node leaves out. */
import { register } from 'node:module';

/** They go to a registry that all copies of tfjs share. */
export const registerGradients = async (): Promise<void> => {
  register('./esmOfTfjs.js', import.meta.url);
  const gradients = '@tensorflow/tfjs-core/dist/register_all_gradients.js'; // has no types that agree with the bundle's
  await import(gradients);
};
