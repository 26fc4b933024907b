/** Evaluates published networks as noisefold models, with their weights, for comparison with fixtures. */
import { type Noisefold, unwrap } from 'noisefold';
import {
  compile,
  concat,
  type Dim,
  isValue,
  leaves,
  mul,
  program,
  read,
  type Shape,
  sum,
  type Tensor,
  type TreeSpec,
  type Value,
  valueAuxAndGrad,
  valueShape,
} from 'noisefold/dsl';
import { encoderClassifier, unet, type UNet, type UNetArchitecture, type UNetConditioning } from 'noisefold/nn';
import {
  diffusersConfig,
  edmConfig,
  guidedDiffusionClassifierConfig,
  guidedDiffusionConfig,
  type NamedModel,
  type Naming,
  renamedToTheirs,
  type Weight,
  type Weights,
} from 'noisefold/weights';
import { type StoredTensor } from 'noisefold/training';
import { loadWeights } from 'noisefold/weights';
import type { Published } from '../golden/published.js';

type Images = Tensor<[Dim, Dim, Dim, Dim]>;

/** A model with parameters of type P that takes `x` and the other inputs of a fixture. */
interface Network<P> {
  readonly model: NamedModel & { readonly params: TreeSpec<P> };
  readonly names: Naming;
  readonly apply: (params: P, x: Images, inputs: Inputs) => Tensor<[Dim, ...Dim[]]>;
}

/** The inputs of the published code, by its names. */
interface Inputs {
  readonly t?: Tensor<[Dim], 'int32'>;
  readonly noise?: Tensor<[Dim]>;
  readonly y?: Tensor<[Dim], 'int32'>;
  readonly class_labels?: Tensor<[Dim, Dim]>;
  readonly augment_labels?: Tensor<[Dim, Dim]>;
  readonly low_res?: Images;
}

/** These inputs as the conditioning of a U-Net. */
const conditioning = ({ t, noise, y, class_labels, augment_labels, low_res }: Inputs): UNetConditioning<Dim> => {
  const label = y ?? class_labels;
  return {
    t: (t ?? noise)!, // a fixture has one of the two
    conditions: {
      ...(label && { label }),
      ...(augment_labels && { augment: augment_labels }),
      ...(low_res && { lowRes: { image: low_res } }),
    },
  };
};

const ofUNet = ({ config, names }: { readonly config: UNetArchitecture; readonly names: Naming }) => {
  const model = unwrap(unet(config as never)) as unknown as UNet<[Dim, Dim, Dim]>; // of images of any size
  const apply: Network<Parameters<typeof model.apply>[0]>['apply'] = (params, x, inputs) => {
    if (model.learned === undefined) return model.apply(params, x, conditioning(inputs));
    const { prediction, variance } = model.learned.apply(params, x, conditioning(inputs));
    return concat(prediction, variance);
  };
  return { model, names, apply };
};

const ofClassifier = (flags: unknown) => {
  const { config, names } = unwrap(guidedDiffusionClassifierConfig(flags));
  const model = unwrap(encoderClassifier(config));
  const apply = (params: Parameters<typeof model.apply>[0], x: Images, { t }: Inputs) =>
    model.apply(params, x as never, t!); // images of the size of the model
  return { model, names, apply };
};

/** The network of a fixture, by its own configuration. */
const networkOf = ({ source, config }: Published): Network<unknown> => {
  const of = (network: object) => network as Network<unknown>; // with any parameters
  if (source.includes('EncoderUNetModel')) return of(ofClassifier(config));
  if (source.includes('UNet2DModel')) return of(ofUNet(unwrap(diffusersConfig(config))));
  if (source.includes('EDM')) return of(ofUNet(unwrap(edmConfig(config))));
  const superResolution = source.includes('SuperResModel');
  return of(ofUNet(unwrap(guidedDiffusionConfig(config, { superResolution }))));
};

/** Converts an input to the array type of its dtype. */
const inputOf = ({ shape, data }: StoredTensor) =>
  data instanceof BigInt64Array
    ? { spec: `${shape.join(' ')}:int32`, data: Int32Array.from(data, Number) }
    : { spec: shape.join(' '), data };

/** Gradients are float32. */
const isNumbers = (x: unknown): x is Value<Shape> => isValue(x);

/** The output and gradients of a network for the inputs of a fixture. */
export interface Evaluated {
  readonly output: Float32Array;
  readonly gradientOfX: Float32Array;
  /** The gradients of the weights, by their own names and in their own layouts. */
  readonly gradients: Weights;
}

/** Loads the weights of a fixture through the public loader, and evaluates the network and its gradients. */
export const evaluated = async (nf: Noisefold, fixture: Published): Promise<Evaluated> => {
  const { tensors, weights, prefix, loss } = fixture;
  const { model, names, apply } = networkOf(fixture);
  const { params } = await nf.run(loadWeights(weights, model, { names, prefix }));
  const inputs = [...tensors].flatMap(([name, tensor]) =>
    /^input\.(?!x$|sigma$)/.test(name) ? [[name.replace('input.', ''), inputOf(tensor)] as const] : [],
  );
  const [x, output] = [tensors.get('input.x')!, tensors.get('output')!];
  const spec = {
    at: { params: model.params, x: x.shape.join(' ') },
    w: output.shape.join(' '),
    inputs: Object.fromEntries(inputs.map(([name, input]) => [name, input.spec])),
  };
  interface Point {
    readonly params: unknown;
    readonly x: Images;
  }
  interface Arguments {
    readonly at: Point;
    readonly w: Tensor<[Dim, ...Dim[]]>;
    readonly inputs: Inputs;
  }
  const both = program(spec as never, ({ at, w, inputs }: Arguments) =>
    valueAuxAndGrad(({ params, x }: Point) => {
      const y = apply(params, x, inputs);
      return [sum(mul(y, w)), y] as const;
    })(at),
  );
  const executable = await nf.run(compile(both, {}));
  const data = Object.fromEntries(inputs.map(([name, input]) => [name, input.data]));
  const results = await nf.run(executable.run({ at: { params, x: x.data }, w: loss, inputs: data } as never));
  const byName = new Map<string, Weight>();
  for (const { path, leaf } of leaves(results, isNumbers))
    byName.set(path, {
      shape: valueShape(leaf) as readonly number[],
      data: Float32Array.from(await nf.run(read(leaf))),
    });
  const ofParameters = [...byName].map(([path, g]) => [path.replace('grad.params.', ''), g] as const);
  return {
    output: byName.get('aux')!.data,
    gradientOfX: byName.get('grad.x')!.data,
    gradients: renamedToTheirs(unwrap(names(model)), new Map(ofParameters)),
  };
};
