/** Whole networks, written by hand: each is right, and each small change of it is a mistake. */
import { group, mistake, right, wrong } from './program.js';

const perceptron = right`
  const perceptron = layer(
    {
      first: linearLayer({ inputs: 784, outputs: 128 }),
      second: linearLayer({ inputs: 128, outputs: 128 }),
      last: linearLayer({ inputs: 128, outputs: 10 }),
    },
    ({ first, second, last }) =>
      <B extends Dim>(x: Tensor<[B, 784]>): Tensor<[B, 10]> =>
        last(relu(second(relu(first(x))))),
  );
  program({ params: perceptron.params, x: 'B 784' }, ({ params, x }) => perceptron.apply(params)(x));
`;

const convolutional = right`
  const classifier = layer(
    {
      first: convLayer({ inputs: 1, outputs: 16 }),
      second: convLayer({ inputs: 16, outputs: 32 }),
      head: linearLayer({ inputs: 1568, outputs: 10 }),
    },
    ({ first, second, head }) =>
      <B extends Dim>(x: Tensor<[B, 28, 28, 1]>): Tensor<[B, 10]> => {
        const half = averagePool(relu(first(x))); // [B, 14, 14, 16]
        const quarter = averagePool(relu(second(half))); // [B, 7, 7, 32]
        return head(rearrange(quarter, 'b h w c -> b (h w c)'));
      },
  );
  program({ params: classifier.params, images: 'B 28 28 1' }, ({ params, images }) => classifier.apply(params)(images));
`;

const transformer = right`
  const block = layer(
    {
      modulation: linearLayer({ inputs: 128, outputs: 256, initializer: allZeros }),
      qkv: linearLayer({ inputs: 64, outputs: 192 }),
      output: linearLayer({ inputs: 64, outputs: 64 }),
      wide: linearLayer({ inputs: 64, outputs: 256 }),
      narrow: linearLayer({ inputs: 256, outputs: 64 }),
    },
    ({ modulation, qkv, output, wide, narrow }) =>
      <B extends Dim>(x: Tensor<[B, 7, 7, 64]>, e: Tensor<[B, 128]>): Tensor<[B, 7, 7, 64]> => {
        const [scale, shift, gate, mixed] = split(modulation(silu(e)), [64, 64, 64, 64]);
        const [q, k, v] = split(qkv(addPerSample(mulPerSample(x, add(1, scale)), shift)), [64, 64, 64]);
        const h = add(x, mulPerSample(output(attention(q, k, v, { heads: 4 })), gate));
        return add(h, mulPerSample(narrow(gelu(wide(h))), mixed));
      },
  );
  program({ params: block.params, x: 'B 7 7 64', e: 'B 128' }, ({ params, x, e }) => block.apply(params)(x, e));
`;

const small = right`
  const network = layer(
    {
      time: timeEmbedding({ timesteps: 1000, size: 32, outputs: 64, sinusoid: 'ddpm' }),
      first: convLayer({ inputs: 1, outputs: 32 }),
      down: downsampleLayer({ channels: 32 }),
      middle: residualBlock({ inputs: 32, outputs: 32, embedding: 64, groups: 8 }),
      up: upsampleLayer({ channels: 32 }),
      last: convLayer({ inputs: 64, outputs: 1, initializer: allZeros }),
    },
    ({ time, first, down, middle, up, last }) =>
      <B extends Dim>(x: Tensor<[B, 28, 28, 1]>, t: Times<B>): Tensor<[B, 28, 28, 1]> => {
        const embedding = silu(time(t)); // [B, 64]
        const h = first(x); // [B, 28, 28, 32]
        const low = middle(down(h), { embedding }); // [B, 14, 14, 32]
        return last(concat(h, up(low)));
      },
  );
  const denoiser: Model<ParamsOf<typeof network>, [28, 28, 1]> = {
    ...network,
    predicts: 'v',
    timesteps: 1000,
    apply: (params, x, { t }) => network.apply(params)(x, t),
  };
  program({ params: denoiser.params, x: 'B 28 28 1', t: 'B:int32' }, ({ params, x, t }) => denoiser.apply(params, x, { t }));
`;

const names = right`
  const network = layer(
    { first: convLayer({ inputs: 3, outputs: 4 }), last: linearLayer({ inputs: 4, outputs: 2 }) },
    ({ first, last }) => <B extends Dim>(x: Tensor<[B, 8, 8, 3]>): Tensor<[B, 2]> => last(mean(first(x), [1, 2])),
  );
  loadWeights('net.pt', network, {
    names: namesBy([
      { ours: 'first.kernel', theirs: ['net.0.weight'], layout: { ours: 'h w i o', theirs: 'o i h w' } },
      { ours: 'first.bias', theirs: ['net.0.bias'] },
      { ours: 'last.w', theirs: ['net.1.weight'], layout: { ours: 'i o', theirs: 'o i' } },
      { ours: 'last.b', theirs: ['net.1.bias'] },
    ]),
  });
`;

export const models = group('models', {
  // right
  'a perceptron': perceptron,
  'a convolutional classifier': convolutional,
  'a block of a diffusion transformer': transformer,
  'a small U-Net': small,
  'a layer of any width': right`
    const gated = <C extends number>(channels: Extent<C>) =>
      layer(
        { value: convLayer({ inputs: channels, outputs: channels }), gamma: parameter(allZeros, channels) },
        ({ value, gamma }) =>
          <B extends Dim, H extends Dim>(x: Tensor<[B, H, H, Channels<C>]>) => add(x, scaleChannels(value(x), gamma)),
      );
    const two = layer({ a: gated(8), b: gated(8) }, ({ a, b }) => (x: Tensor<[2, 6, 6, 8]>) => b(a(x)));
  `,
  'a layer that is present only sometimes': right`
    const deep = Number('1') > 0;
    layer(
      { first: linearLayer({ inputs: 2, outputs: 8 }), ...(deep && { second: linearLayer({ inputs: 8, outputs: 8 }) }) },
      ({ first, second }) => <B extends Dim>(x: Tensor<[B, 2]>): Tensor<[B, 8]> => (second ?? tanh)(first(x)),
    );
  `,
  'a function that takes any layer': right`
    const count = (part: AnyLayer<unknown>): number => parameterCount(part.params);
    count(linearLayer({ inputs: 2, outputs: 8 }));
  `,
  'a function that takes any layer of images': right`
    const twice = <P>(block: Layer<P, <B extends Dim>(x: Tensor<[B, 8, 8, 4]>) => Tensor<[B, 8, 8, 4]>>) =>
      layer({ a: block, b: block }, ({ a, b }) => <B extends Dim>(x: Tensor<[B, 8, 8, 4]>) => b(a(x)));
    twice(convLayer({ inputs: 4, outputs: 4 }));
  `,

  'a perceptron of many layers': right`
    const deep = (depth: number) =>
      layer(
        {
          first: linearLayer({ inputs: 2, outputs: 16 }),
          hidden: Array.from({ length: depth }, () => linearLayer({ inputs: 16, outputs: 16 })),
        },
        ({ first, hidden }) =>
          <B extends Dim>(x: Tensor<[B, 2]>): Tensor<[B, 16]> =>
            hidden.reduce((h, f) => relu(f(h)), relu(first(x))),
      );
    deep(3);
  `,
  'the names of a network in PyTorch': names,

  // wrong
  'a perceptron whose layers do not follow': mistake(
    perceptron,
    ['inputs: 784, outputs: 128', 'inputs: 784, outputs: 64'],
    ['relu(first(x))', '«relu(first(x))»'],
  ),
  'a perceptron with a hidden layer of another width': mistake(
    perceptron,
    ['inputs: 128, outputs: 128', 'inputs: 128, outputs: 64'],
    ['relu(second(relu(first(x))))', '«relu(second(relu(first(x))))»'],
  ),
  'a perceptron for other classes': mistake(
    perceptron,
    ['outputs: 10', 'outputs: 11'],
    ['last(relu(second(relu(first(x)))))', '«last(relu(second(relu(first(x)))))»'],
  ),
  'a perceptron with an activation that is not applied': mistake(perceptron, ['relu(first(x))', '«relu»']),
  'a classifier that forgets to flatten': mistake(
    convolutional,
    ["head(rearrange(quarter, 'b h w c -> b (h w c)'))", 'head(«quarter»)'],
    [': Tensor<[B, 10]> =>', ' =>'],
  ),
  'a classifier that uses its first layer twice': mistake(
    convolutional,
    ['second(half)', 'first(«half»)'],
    ['inputs: 1568', 'inputs: 784'],
  ),
  'a U-Net of other channels': mistake(
    small,
    ['inputs: 64, outputs: 1', 'inputs: 64, outputs: 3'],
    ['return last(concat(h, up(low)))', '«return last(concat(h, up(low)))»'],
  ),
  'a model that binds its parameters and stops': mistake(small, [
    'network.apply(params)(x, t)',
    '«network.apply(params)»',
  ]),
  'a model with an unknown prediction': mistake(small, ["predicts: 'v'", "«predicts: 'speed'»"]),
  'a classifier that pools once': mistake(
    convolutional,
    ['averagePool(relu(second(half)))', 'relu(second(half))'],
    ["rearrange(quarter, 'b h w c -> b (h w c)')", "«rearrange(quarter, 'b h w c -> b (h w c)')»"],
  ),
  'a classifier with a head for other images': mistake(
    convolutional,
    ['inputs: 1568', 'inputs: 1152'],
    ["rearrange(quarter, 'b h w c -> b (h w c)')", "«rearrange(quarter, 'b h w c -> b (h w c)')»"],
  ),
  'a classifier of colour images': mistake(
    convolutional,
    ['x: Tensor<[B, 28, 28, 1]>', 'x: Tensor<[B, 28, 28, 3]>'],
    ["images: 'B 28 28 1'", "images: 'B 28 28 3'"],
    ['first(x)', 'first(«x»)'],
  ),
  'a transformer without its fourth modulation': mistake(
    transformer,
    ['[64, 64, 64, 64]', '«[64, 64, 64]»'],
    ['gate, mixed]', 'gate]'],
    ['narrow(gelu(wide(h))), mixed)', 'narrow(gelu(wide(h))), gate)'],
  ),
  'a transformer whose modulation is too short': mistake(
    transformer,
    ['outputs: 256, initializer', 'outputs: 192, initializer'],
    ['[64, 64, 64, 64]', '«[64, 64, 64, 64]»'],
  ),
  'a transformer whose values are too long': mistake(
    transformer,
    ['outputs: 192 }', 'outputs: 256 }'],
    ['[64, 64, 64])', '[64, 64, 128])'],
    ['attention(q, k, v,', 'attention(q, k, «v»,'],
  ),
  'a transformer with five heads': mistake(transformer, ['{ heads: 4 }', '{ «heads: 5» }']),
  'a transformer modulated by the embedding itself': mistake(transformer, ['add(1, scale)', '«e»']),
  'a transformer that adds the gate, not the branch': mistake(transformer, [
    'mulPerSample(output(attention(q, k, v, { heads: 4 })), gate)',
    '«gate»',
  ]),
  'a U-Net without its skip connection': mistake(small, ['concat(h, up(low))', '«up(low)»']),
  'a U-Net that joins images of two sizes': mistake(small, ['concat(h, up(low))', 'concat(h, «low»)']),
  'a U-Net whose embedding has another length': mistake(
    small,
    ['outputs: 64, sinusoid', 'outputs: 32, sinusoid'],
    ['down(h), { embedding })', 'down(h), { «embedding» })'],
  ),
  'a U-Net whose embedding is forgotten': mistake(small, ['{ embedding }', '{ «embedding: t» }']),
  'a model that passes its conditioning whole': mistake(
    small,
    ['apply: (params, x, { t })', 'apply: (params, x, t)'],
    ['(x, t),', '(x, «t»),'],
  ),
  'names of PyTorch with a text for the list of them': mistake(names, [
    "theirs: ['net.0.bias']",
    "«theirs»: 'net.0.bias'",
  ]),
  'names of PyTorch with a misspelt layout': mistake(names, [
    "layout: { ours: 'i o', theirs: 'o i' }",
    "«layuot»: { ours: 'i o', theirs: 'o i' }",
  ]),
  'names of PyTorch with axes of one side': mistake(names, [
    "layout: { ours: 'i o', theirs: 'o i' }",
    "«layout»: { ours: 'i o' }",
  ]),
  'a layer of any width with another one': wrong`
    const gated = <C extends number>(channels: Extent<C>) =>
      layer({ value: convLayer({ inputs: channels, outputs: channels }) }, ({ value }) =>
        <B extends Dim>(x: Tensor<[B, 6, 6, Channels<C>]>) => mul(x, value(x)));
    layer({ a: gated(8), b: gated(16) }, ({ a, b }) => (x: Tensor<[2, 6, 6, 8]>) => b(«a(x)»));
  `,
  'a layer that is present only sometimes, and always called': wrong`
    const deep = Number('1') > 0;
    layer(
      { first: linearLayer({ inputs: 2, outputs: 8 }), ...(deep && { second: linearLayer({ inputs: 8, outputs: 8 }) }) },
      ({ first, second }) => <B extends Dim>(x: Tensor<[B, 2]>) => «second»(first(x)),
    );
  `,
});
