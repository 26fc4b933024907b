/** Options: a misspelt field is an error where it is written, or where it is passed. */
import { training } from './preludes.js';
import { group, right, wrong } from './program.js';

export const options = group(
  'options',
  {
    // wrong: in a literal
    'a learning rate among the fields of a recipe': wrong`
      fit({ ...recipe, model, «learningRate: 1» })
    `,
    'a misspelt average of a recipe': wrong`
      fit({ ...recipe, model, «averageDecey: 0.99» })
    `,
    'a misspelt listener': wrong`
      fit({ ...recipe, model, «onStep: progress()» })
    `,
    'epochs in place of steps': wrong`
      fit({ model, noising, data, optimizer, batch: 8, key: key(7), «epochs: 10» })
    `,
    'a misspelt field of held-out images': wrong`
      fit({ ...recipe, model, heldOut: { data, every: 5, «image: 8» } })
    `,
    'misspelt heads after a spread': wrong`
      const size = { base: 16, multipliers: [1, 2, 4], blocks: 1 };
      unet({ image, ...size, «heds: 4» });
    `,
    'misspelt heads without a spread': wrong`
      unet({ image, base: 16, multipliers: [1, 2, 4], «heds: 4» })
    `,
    'a misspelt class count of a classifier after a spread': wrong`
      const size = { base: 16, multipliers: [1, 2, 4], attention: [7] };
      encoderClassifier({ image, ...size, classes: 10, «pools: 'attention'» });
    `,
    'a misspelt grid': wrong`
      sample({ solver: ddim(), key: key(8), «girds: 25» })
    `,
    'a misspelt count of samples after a spread': wrong`
      const drawing = { solver: ddim(), grid: 25 };
      sample({ ...drawing, key: key(8), «counts: 2» });
    `,
    'a learning rate by its short name': wrong`
      adam({ «lr: 1e-3» })
    `,
    'misspelt betas after a spread': wrong`
      const rate = { learningRate: 1e-3 };
      adam({ ...rate, «betas: [0.9, 0.99]» });
    `,
    'a misspelt weight decay': wrong`
      adamw({ learningRate: 1e-3, «decay: 0.01» })
    `,
    'a misspelt momentum': wrong`
      sgd({ learningRate: 0.1, «momentums: 0.9» })
    `,
    'a misspelt momentum after a spread': wrong`
      const rate = { learningRate: 0.1 };
      sgd({ ...rate, «momentums: 0.9» });
    `,
    'a misspelt eta': wrong`
      ddim({ «etha: 1» })
    `,
    'a misspelt order': wrong`
      dpmSolverPP({ «orders: 2» })
    `,
    'a misspelt greatest beta': wrong`
      cosine(1000, { «maximalBeta: 0.99» })
    `,
    'a misspelt end of a schedule': wrong`
      linearUnscaled(1000, { start: 1e-4, «ends: 0.02» })
    `,
    'a range for a schedule that has none': wrong`
      import { linear } from 'noisefold/diffusion';
      linear(1000, «{ start: 1e-4 }»);
    `,
    'a stride of a convolution': wrong`
      conv2d(zeros(1, 28, 28, 3), zeros(3, 3, 3, 8), { «stride: [2, 2]» })
    `,
    'a kernel size of a layer': wrong`
      convLayer({ inputs: 3, outputs: 8, «kernel: 1» })
    `,
    'channels of a linear layer': wrong`
      linearLayer({ inputs: 3, «channels: 8» })
    `,
    'a misspelt embedding of a block': wrong`
      residualBlock({ inputs: 32, outputs: 64, groups: 8, «embeding: 128» })
    `,
    'a misspelt dropout of a block after a spread': wrong`
      const common = { embedding: 128, groups: 8 } as const;
      residualBlock({ inputs: 32, outputs: 64, ...common, «dropOut: 0.1» });
    `,
    'a misspelt epsilon of an attention block after a spread': wrong`
      const common = { heads: 4, groups: 8 } as const;
      attentionBlock({ channels: 64, ...common, «epsilonn: 1e-6» });
    `,
    'a misspelt donation': wrong`
      compile(program({ x: '2' }, ({ x }) => ({ x: neg(x) })), {}, { «donates: ['x']» })
    `,

    // wrong: in a value that is spread, or passed
    'misspelt heads in a value that is spread': wrong`
      const size = { base: 16, multipliers: [1, 2, 4], heds: 4 };
      unet(«{ image, ...size }»);
    `,
    'misspelt heads in a variable': wrong`
      const config = { image, base: 16, multipliers: [1, 2, 4], heds: 4 };
      unet(«config»);
    `,
    'a misspelt average in a recipe that is spread': wrong`
      const how = { ...recipe, averageDecey: 0.99 };
      fit(«{ ...how, model }»);
    `,
    'a misspelt average in a variable': wrong`
      const how = { ...recipe, model, averageDecey: 0.99 };
      fit(«how»);
    `,
    'a misspelt grid in a value that is spread': wrong`
      const drawing = { solver: ddim(), gird: 25 };
      sample(«{ ...drawing, key: key(8) }»);
    `,
    'a misspelt grid in a variable': wrong`
      const drawing = { solver: ddim(), gird: 25, key: key(8) };
      sample(«drawing»);
    `,
    'a misspelt grid in a variable, with a model': wrong`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      const drawing = { solver: ddim(), gird: 25, key: key(8) };
      sample(trained, «drawing»);
    `,
    'a misspelt option of adam in a variable': wrong`
      const config = { learningRate: 1e-3, beta: 0.9 };
      adam(«config»);
    `,
    'a misspelt option of adamw in a value that is spread': wrong`
      const config = { weigthDecay: 0.01 };
      adamw(«{ learningRate: 1e-3, ...config }»);
    `,
    'a misspelt eta in a variable': wrong`
      const stochastic = { eta: 1, clipped: true };
      ddim(«stochastic»);
    `,
    'a misspelt beta of a schedule in a variable': wrong`
      const range = { start: 1e-4, stop: 0.02 };
      linearUnscaled(1000, «range»);
    `,
    'a misspelt option of a block in a value that is spread': wrong`
      const common = { embedding: 128, groups: 8, dropOut: 0.1 } as const;
      residualBlock(«{ inputs: 32, outputs: 64, ...common }»);
    `,
    'a kernel size of a layer in a variable': wrong`
      const config = { inputs: 3, outputs: 8, kernel: 1 } as const;
      convLayer(«config»);
    `,
    'a bias of a linear layer in a value that is spread': wrong`
      const config = { bias: false };
      linearLayer(«{ inputs: 3, outputs: 8, ...config }»);
    `,
    'a misspelt momentum in a variable': wrong`
      const config = { learningRate: 0.1, momentums: 0.9 };
      sgd(«config»);
    `,
    'an unknown option of a schedule in a variable': wrong`
      const how = { maxBeta: 0.99, minBeta: 1e-5 };
      cosine(1000, «how»);
    `,
    'a misspelt option of an attention block in a variable': wrong`
      const config = { channels: 64, heads: 4, groups: 8, head: 2 } as const;
      attentionBlock(«config»);
    `,
    'a misspelt option of a convolution in a variable': wrong`
      const strided = { strides: [2, 2], pad: 'valid' } as const;
      conv2d(zeros(1, 28, 28, 3), zeros(3, 3, 3, 8), «strided»);
    `,
    'a misspelt option of a convolution in a pipe, in a variable': wrong`
      const strided = { strides: [2, 2], paddin: 'same' } as const;
      pipe(zeros(1, 8, 8, 3), conv2d(zeros(3, 3, 3, 8), «strided»));
    `,
    'a misspelt option of attention in a variable': wrong`
      const tokens = zeros(2, 16, 64);
      const options = { heads: 4, mask: 1 };
      attention(tokens, tokens, tokens, «options»);
    `,
    'a misspelt option of a group norm in a variable': wrong`
      const options = { groups: 4, eps: 1e-6 };
      standardizeGroups(zeros(1, 8, 8, 16), «options»);
    `,
    'a misspelt option of guidance in a variable': wrong`
      const how = { rescale: 0.7, intervals: [0.2, 0.8] } as const;
      cfg(3, «how»);
    `,

    // right
    'a network in the style of the README': right`
      const size = { base: 16, multipliers: [1, 2, 4], blocks: 1, adaptiveGroupNorm: true };
      const digits = unwrap(unet({ image: data.image, ...size, conditions: { label: 10 }, predicts: 'v' }));
      const how = { batch: 16, steps: 600, optimizer: adam({ learningRate: 2e-3 }), conditionDropout: 0.1 };
      fit({ model: digits, noising, data, ...how, key: key(7), onEvent: progress() });
    `,
    'a sampling in the style of the README': right`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      const drawing = { labels: [0, 1, 2], solver: ddim(), grid: 25, guidance: cfg(3) };
      sample(trained, { ...drawing, key: key(8), onStep: progress() });
    `,
    'a configuration with a field that is given only sometimes': right`
      const isLarge = Number('1') > 0;
      unet({ image, base: 16, multipliers: [1, 2], ...(isLarge && { heads: 4 }) });
    `,
    'a configuration in a variable of its type': right`
      const config: UNetConfig<[28, 28, 1]> = { image: [28, 28, 1], base: 16, multipliers: [1, 2] };
      const made: UNet<[28, 28, 1]> = unwrap(unet(config));
    `,
    'a recipe in a function that adds to it': right`
      const train = (steps: number, more: { readonly averageDecay?: number }) =>
        fit({ ...recipe, model, steps, ...more });
      train(100, { averageDecay: 0.99 });
    `,
    'blocks with common options': right`
      const common = { embedding: 128, groups: 8 } as const;
      layer(
        {
          first: residualBlock({ inputs: 32, outputs: 64, ...common }),
          second: residualBlock({ inputs: 64, outputs: 64, dropout: 0.1, ...common }),
        },
        ({ first, second }) => <B extends Dim>(x: Tensor<[B, 8, 8, 32]>, e: Tensor<[B, 128]>) => 
          second(first(x, { embedding: e }), { embedding: e }),
      );
    `,
    'a solver chosen at run time': right`
      const solvers = { ddim: ddim(), fast: dpmSolverPP({ order: 2 }), noisy: ancestral({ variance: 'beta' }) };
      const solver = solvers[Number('1') > 0 ? 'ddim' : 'fast'];
      sample({ solver, key: key(8), count: 2 });
    `,
    'an optimizer chosen at run time': right`
      const chosen = Number('1') > 0 ? adamw({ learningRate: 1e-3, weightDecay: 0.01 }) : sgd({ learningRate: 0.1 });
      fit({ ...recipe, model, optimizer: chain(clipByGlobalNorm(1), chosen) });
    `,
  },
  training,
);
