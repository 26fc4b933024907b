/** The worker of the plane: trains on the points of the latest request, and sends films. */
import { type Noisefold, open, unwrap } from 'noisefold';
import {
  compile,
  foldIn,
  fork,
  iterate,
  key,
  leafSpec,
  read,
  release,
  type Shape,
  treeSpec,
  type Value,
} from 'noisefold/dsl';
import { pixelOf } from 'noisefold/training';
import { pause } from '../../../src/internal/stop.js';
import type { Plane, Report } from '../shared/messages.js';
import { FILM_EVERY } from '../shared/plane.js';
import { exact, filmOf, network, noisingOf, type Points, training, walkOf } from './plane.js';

/** Does what the latest request asks for. `tell` sends a report to the page. */
export const planeWorker = (tell: (report: Report) => void): ((request: Plane) => void) => {
  let asked: Plane;
  let wake: () => void = () => undefined;
  let isWorking = false;
  const news = (): Promise<void> => new Promise((resolve) => (wake = resolve));

  /** Trains on the points of a request, until another one has other points or another network. */
  const lesson = async (nf: Noisefold, { training: id, points: bytes, path, predicts, seed }: Plane): Promise<void> => {
    const points = Float32Array.from(bytes, pixelOf);
    const count = points.length / 2;
    const noising = unwrap(noisingOf(path));
    const model = network(predicts);
    const keys = fork(key(seed), 'begin', 'steps', 'noise');
    const { begin, step } = training(noising, predicts);
    const beginner = await nf.run(compile(begin, {}));
    const update = await nf.run(compile(step, { N: count }, { donate: ['learned'] }));
    let { learned } = await nf.run(beginner.run(keys.begin));
    let [updates, milliseconds] = [0, 0];
    let films: Awaited<ReturnType<typeof filmsOf>> | null = null;

    const filmsOf = async (steps: number) => {
      const walk = unwrap(walkOf(noising, steps));
      const levels = walk.flatMap(({ from }) => [from.alpha, from.sigma]);
      const film = await nf.run(compile(filmOf(model, walk, model.params), {}));
      const exactFilm = await nf.run(compile(filmOf(exact, walk, treeSpec<Points>(leafSpec([count, 2]))), {}));
      const show = async (of: 'exact' | 'learned', value: Value<Shape>): Promise<void> => {
        const frames = Float32Array.from(await nf.run(read(value)));
        await nf.run(release(value));
        tell({ _tag: 'PlaneFilm', of, training: id, updates, milliseconds, steps, levels, frames });
      };
      return {
        steps,
        exact: async () => show('exact', await nf.run(exactFilm.run({ params: points, key: keys.noise }))),
        learned: async () => show('learned', await nf.run(film.run({ params: learned.params, key: keys.noise }))),
        release: () => [film, exactFilm].forEach((each) => each.release()),
      };
    };

    while (asked.training === id) {
      if (films?.steps !== asked.steps) {
        films?.release();
        films = await filmsOf(asked.steps);
        await films.exact();
        if (updates > 0) await films.learned();
      } else if (updates < asked.until) {
        const began = performance.now();
        const inputs = (i: number) => ({ points, key: foldIn(keys.steps, updates + i) });
        ({ learned } = await nf.run(iterate(update, { times: FILM_EVERY, inputs })({ learned })));
        updates += FILM_EVERY;
        milliseconds += performance.now() - began;
        await films.learned();
      } else await news();
      await pause();
    }
    films?.release();
    for (const each of [beginner, update]) each.release();
    await nf.run(release(learned));
  };

  const work = async (): Promise<void> => {
    isWorking = true;
    let nf: Noisefold | null = null;
    try {
      const { wasm } = await import('noisefold/backends/wasm');
      nf = await open(wasm({ threads: 0, portable: true, kernels: 'products' })); // links show the same pictures
      for (;;) await lesson(nf, asked);
    } catch (thrown) {
      isWorking = false;
      await nf?.close();
      tell({ _tag: 'Failed', doing: 'plane', message: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };

  return (request) => {
    asked = request;
    if (!isWorking) void work();
    wake();
  };
};
