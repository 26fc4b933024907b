/** Conditions that a model lacks, results that are not taken out, work that does not run, and functions that are not called. */
import { training } from './preludes.js';
import { group, right, wrong } from './program.js';

export const conditions = group(
  'conditions',
  {
    // wrong
    'labels for a model without conditions': wrong`
      const trained = await nf.run(fit({ ...recipe, model }));
      sample(trained, { solver: ddim(), key: key(8), «labels: [1, 2]» });
    `,
    'labels for a model without conditions, in a variable': wrong`
      const trained = await nf.run(fit({ ...recipe, model }));
      const drawing = { solver: ddim(), key: key(8), labels: [1, 2] };
      sample(trained, «drawing»);
    `,
    'classifier-free guidance for a model without conditions': wrong`
      const trained = await nf.run(fit({ ...recipe, model }));
      sample(trained, { solver: ddim(), key: key(8), count: 2, «guidance: cfg(3)» });
    `,
    'dropped conditions of a model without any': wrong`
      fit({ ...recipe, model, «conditionDropout: 0.1» })
    `,
    'a condition that the model lacks': wrong`
      const made = unwrap(unet({ image, base: 8, multipliers: [1], conditions: { hair: ['short', 'long'] } }));
      const trained = await nf.run(fit({ ...recipe, model: made }));
      sample(trained, { solver: ddim(), key: key(8), conditions: { «hat: [1]» } });
    `,
    'a name that is not a class of the condition': wrong`
      const made = unwrap(unet({ image, base: 8, multipliers: [1], conditions: { hair: ['short', 'long'] } }));
      const trained = await nf.run(fit({ ...recipe, model: made }));
      sample(trained, { solver: ddim(), key: key(8), conditions: { hair: [«'lang'»] } });
    `,
    'guidance of a sampler for a denoiser without conditions': wrong`
      sampler({ noising, denoiser: model, solver: ddim(), grid: 10, «guidance: cfg(3)» })
    `,
    'guidance by a classifier without the guide': wrong`
      declare const judge: ClassifierModel<Tensor<[10]>, [28, 28, 1]>;
      const trained = await nf.run(fit({ ...recipe, model: conditional }));
      sample(trained, «{ solver: ddim(), key: key(8), labels: [1], guidance: classifierGuided(judge, 2) }»);
    `,
    'guidance by a classifier without the guide, before the model': wrong`
      declare const judge: ClassifierModel<Tensor<[10]>, [28, 28, 1]>;
      sample(«{ solver: ddim(), key: key(8), labels: [1], guidance: classifierGuided(judge, 2) }»);
    `,
    'a guide for other images': wrong`
      declare const judge: ClassifierModel<Tensor<[10]>, [32, 32, 3]>;
      declare const guide: TrainedClassifier<Tensor<[10]>, [32, 32, 3]>;
      const trained = await nf.run(fit({ ...recipe, model: conditional }));
      sample(trained, { solver: ddim(), key: key(8), labels: [1], «guidance: classifierGuided(judge, 2), guide» });
    `,
    'one label in place of a list': wrong`
      const trained = await nf.run(fit({ ...recipe, model: conditional }));
      sample(trained, { solver: ddim(), key: key(8), «labels: 3» });
    `,
    'the loss of a classifier for a denoiser': wrong`
      fit({ ...recipe, model, «loss: classifierLosses» })
    `,
    'dropped conditions of a classifier': wrong`
      declare const judge: ClassifierModel<Tensor<[10]>, [28, 28, 1]>;
      fit({ ...recipe, model: judge, «conditionDropout: 0.1» });
    `,
    'images of another size': wrong`
      declare const photographs: Dataset<[32, 32, 3]>;
      fit({ ...recipe, model, «data: photographs» });
    `,
    'held-out images of another size': wrong`
      declare const photographs: Dataset<[32, 32, 3]>;
      fit({ ...recipe, model, heldOut: { «data: photographs», every: 5 } });
    `,
    'the parameters of another model to begin with': wrong`
      declare const other: { readonly w: Value<[2]> };
      fit({ ...recipe, model, «initial: other» });
    `,

    // right
    'labels for a model with classes': right`
      const trained = await nf.run(fit({ ...recipe, model: conditional, conditionDropout: 0.1 }));
      const images: Images =
        await nf.run(sample(trained, { solver: ddim(), key: key(8), labels: [1, null], guidance: cfg(3) }));
    `,
    'a model without conditions': right`
      const trained = await nf.run(fit({ ...recipe, model }));
      const images: Images = await nf.run(sample(trained, { solver: ddim(), key: key(8), count: 2 }));
    `,
    'guidance by a classifier': right`
      declare const judge: ClassifierModel<Tensor<[10]>, [28, 28, 1]>;
      const trained = await nf.run(fit({ ...recipe, model }));
      const guide = await nf.run(fit({ ...recipe, model: judge }));
      sample(trained, { solver: ddim(), key: key(8), labels: [1], guidance: classifierGuided(judge, 2), guide });
    `,
    'guidance by a gradient without parameters': right`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      const bright: GuideGradient<null, Shape> = { gradient: (_, x) => onesLike(x) };
      const dark: GuideGradient<unknown, Shape> = { gradient: (_, x) => neg(x) };
      sample(trained, { solver: ddim(), key: key(8), count: 2, guidance: classifierGuided(bright, 2) });
      sample({ solver: ddim(), key: key(8), count: 2, guidance: meanGuided(dark, 2) })(trained);
    `,
    'a model that may have conditions': right`
      const begin = <P>(own: Model<P, [28, 28, 1]>) => fit({ ...recipe, model: own, conditionDropout: 0.1 });
      const start = <P, M extends Model<P, [28, 28, 1]>>(own: M) => fit({ ...recipe, model: own, conditionDropout: 0.1 });
      const guided = <P>(own: Denoiser<P, [28, 28, 1]>) =>
        sampler({ noising, denoiser: own, solver: ddim(), guidance: cfg(3) });
      begin(model);
      guided(model);
      const either = Number('1') > 0 ? model : conditional;
      fit({ ...recipe, model: either, conditionDropout: 0.1 });
      fit({ ...recipe, model: JSON.parse('{}'), conditionDropout: 0.1 });
    `,
    'a sampler of a denoiser that may have conditions': right`
      const either = Number('1') > 0 ? model : conditional;
      sampler({ noising, denoiser: either, solver: ddim(), guidance: cfg(3) });
    `,
    'classes of a number that is known at run time': right`
      const made = unwrap(unet({ image, base: 8, multipliers: [1], conditions: { label: Number('10') } }));
      const trained = await nf.run(fit({ ...recipe, model: made }));
      sample(trained, { solver: ddim(), key: key(8), labels: [1] });
    `,
  },
  training,
);

export const effects = group(
  'effects',
  {
    // wrong
    'a model that is not unwrapped': wrong`
      fit({ ...recipe, «model: unet({ image, base: 8, multipliers: [1, 2] })» })
    `,
    'a process that is not unwrapped': wrong`
      fit({ ...recipe, model, «noising: ddpm(cosine(1000))» })
    `,
    'data that are not unwrapped': wrong`
      fit({ ...recipe, model, «data: datasetOf({ pixels: new Uint8Array(7840), image })» })
    `,
    'a schedule that is unwrapped too early': wrong`
      ddpm(«unwrap(cosine(1000))»)
    `,
    'the parameters of a model that is not unwrapped': wrong`
      const made = unet({ image, base: 8, multipliers: [1, 2] });
      parameterCount(made.«params»);
    `,
    'the loss of a process that is not unwrapped': wrong`
      simpleLoss(«ddpm(cosine(1000))», model)
    `,
    'a training that is not run': wrong`
      const trained = fit({ ...recipe, model });
      sample(«trained», { solver: ddim(), key: key(8), count: 2 });
    `,
    'a training that is not awaited': wrong`
      const trained = nf.run(fit({ ...recipe, model }));
      sample(«trained», { solver: ddim(), key: key(8), count: 2 });
    `,
    'images that are not awaited': wrong`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      const images = nf.run(sample(trained, { solver: ddim(), key: key(8), count: 2 }));
      const first = images.«data»[0];
    `,
    'a program that is not run': wrong`
      const step = compile(program({ x: '2' }, ({ x }) => neg(x)), {});
      step.«run»({ x: new Float32Array(2) });
    `,
    'a program that is awaited but not run': wrong`
      const step = «await compile(program({ x: '2' }, ({ x }) => neg(x)), {})»;
    `,
    'a step that is not run': wrong`
      const { run } = await nf.run(compile(program({ x: '2' }, ({ x }) => neg(x)), {}));
      await nf.run(read(«run({ x: new Float32Array(2) })»));
    `,
    'a result that is run, not unwrapped': wrong`
      await nf.run(«unet({ image, base: 8, multipliers: [1, 2] })»)
    `,
    'an effect that is unwrapped, not run': wrong`
      unwrap(«fit({ ...recipe, model })»)
    `,
    'data that are read but not run': wrong`
      fit({ ...recipe, model, «data: readIdxDataset('images', 'labels', image)» })
    `,
    'a process of a sampler that is not unwrapped': wrong`
      sampler({ «noising: ddpm(cosine(1000))», denoiser: model, solver: ddim() })
    `,
    'images that are passed on but not awaited': wrong`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      const images = nf.run(sample(trained, { solver: ddim(), key: key(8), count: 2 }));
      imageGrid(«images», 2);
    `,
    'a picture that is not unwrapped': wrong`
      declare const images: Images;
      await nf.run(encodePng(«imageGrid(images, 2)»));
    `,
    'a guide that is not run': wrong`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      declare const judge: ClassifierModel<Tensor<[10]>, [28, 28, 1]>;
      const guide = fit({ ...recipe, model: judge });
      sample(trained, { solver: ddim(), key: key(8), labels: [1], guidance: classifierGuided(judge, 2), «guide» });
    `,
    'images to begin with that are not run': wrong`
      declare const trained: Trained<UNetParams, [28, 28, 1]>;
      const images = sample(trained, { solver: ddim(), key: key(8), count: 2 });
      sample(trained, { solver: ddim(), key: key(8), from: { «images», strength: 0.5 } });
    `,
    'a trained model that is not awaited, to begin with': wrong`
      const trained = nf.run(fit({ ...recipe, model }));
      fit({ ...recipe, model, «initial: trained» });
    `,
    'work that is run twice': wrong`
      await nf.run(«nf.run(fit({ ...recipe, model }))»)
    `,
    'a promise that is unwrapped, not awaited': wrong`
      unwrap(«nf.run(fit({ ...recipe, model }))»)
    `,
    'a recipe whose process is not unwrapped': wrong`
      trainStep({ model, optimizer, «noising: ddpm(cosine(1000))» }, image)
    `,
    'a recipe whose model is not unwrapped': wrong`
      trainStep({ «model: unet({ image, base: 8, multipliers: [1, 2] })», optimizer, noising }, image)
    `,
    'a training that is not run, in the pipeable form': wrong`
      sample({ solver: ddim(), key: key(8), count: 2 })(«fit({ ...recipe, model })»)
    `,
    'a solver that is not called': wrong`
      sample({ «solver: ddim», key: key(8), count: 2 })
    `,
    'an optimizer that is not called': wrong`
      fit({ ...recipe, model, «optimizer: adam» })
    `,
    'guidance that is not called': wrong`
      sample({ solver: ddim(), key: key(8), labels: [1], «guidance: cfg» })
    `,
    'progress that is not called': wrong`
      fit({ ...recipe, model, «onEvent: progress» })
    `,
    'a backend that is not called': wrong`
      open(«wasm»)
    `,
    'a key that is not called': wrong`
      sample({ solver: ddim(), «key: key», count: 2 })
    `,
    'a function among the parts of a layer': wrong`
      layer({ first: linearLayer({ inputs: 2, outputs: 8 }), «act: silu» }, ({ first, act }) => null)
    `,
    'a layer that is called without its parameters': wrong`
      const first = linearLayer({ inputs: 2, outputs: 8 });
      «first»(zeros(4, 2));
    `,
    'parameters that are not bound': wrong`
      const first = linearLayer({ inputs: 2, outputs: 8 });
      first.apply(«zeros(4, 2)»);
    `,
    'an activation that is called in a pipe': wrong`
      pipe(zeros(4, 2), «silu()»)
    `,
    'an operator that is not called in a pipe': wrong`
      pipe(zeros(4, 2), «add», neg)
    `,

    // right
    'results, effects and tasks': right`
      const file = await nf.run(readIdxDataset('images', 'labels', image));
      const trained = await nf.run(fit({ ...recipe, model, data: file }));
      const images = await nf.run(sample(trained, { solver: ddim(), key: key(8), count: 2 }));
      await nf.run(writeAtomically('digits.png', await nf.run(encodePng(unwrap(imageGrid(images, 2))))));
    `,
    'a backend that is opened and closed': right`
      const other = await open(wasm());
      await other.close();
    `,
    'a result that may be an error': right`
      const made = unet({ image, base: 8, multipliers: [1, 2] });
      if (isRight(made)) fit({ ...recipe, model: made.right });
      else console.log(made.left.message);
    `,
    'results in lists, pipes and generic functions': right`
      const valueOf = <A>(result: Either<NoisefoldError, A>): A => unwrap(result);
      const noisings: readonly Noising[] = [ddpm(cosine(10)), valueOf(pipe(ddpm(cosine(10)), right))].map((one) => unwrap(one));
      const [first] = [ddpm(cosine(10)), ddpm(cosine(20))].map(unwrap);
      const runAll = <A>(works: readonly Runnable<A>[]): Promise<A[]> => Promise.all(works.map((work) => nf.run(work)));
      await runAll([fit({ ...recipe, model })]);
      const file = unwrap(await readIdxDataset('images', 'labels', image)());
      const trained = await nf.run((backend) => fit({ ...recipe, model, data: file })(backend));
      const train = <P>(own: Model<P, [28, 28, 1]>) => fit({ ...recipe, model: own });
    `,
    'an activation in a pipe': right`
      const y: Tensor<[4, 2]> = pipe(zeros(4, 2), silu, relu, tanh);
    `,
    'a step that runs': right`
      const { run } = await nf.run(compile(program({ x: '2' }, ({ x }) => neg(x)), {}));
      const numbers = await nf.run(read(await nf.run(run({ x: new Float32Array(2) }))));
    `,
    'a listener that stops': right`
      fit({ ...recipe, model, onEvent: (event) => (event._tag === 'Step' && event.loss < 0.1 ? 'stop' : undefined) })
    `,
  },
  training,
);
