/** Declarations that programs of several groups share. */
import { right } from './program.js';

/** A backend, data, and the parts of a training. */
export const training = right`
  declare const nf: Noisefold;
  declare const data: Dataset<[28, 28, 1]>;
  const image = [28, 28, 1] as const;
  const noising = unwrap(ddpm(cosine(1000)));
  const optimizer = adam({ learningRate: 1e-3 });
  const model = unwrap(unet({ image, base: 8, multipliers: [1, 2], groups: 4 }));
  const conditional = unwrap(unet({ image, base: 8, multipliers: [1, 2], groups: 4, conditions: { label: 10 } }));
  const recipe = { noising, data, optimizer, batch: 8, steps: 10, key: key(7) };
`;
