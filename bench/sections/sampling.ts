/** Drawing samples: 20 steps of some solvers with network R, programs compiled before. */
import { ddim, dpmSolverPP, heun, type Solver } from 'noisefold/diffusion';
import { type Backend, compile, key, release } from 'noisefold/dsl';
import { initialState, parametersOf, prepareSampling } from 'noisefold/training';
import { interleaved } from '../measure.js';
import { BATCH, type NetworkRecipe } from '../network.js';
import { information, orThrow, type Row } from '../table.js';

const SOLVERS: Readonly<Record<string, Solver>> = { DDIM: ddim(), 'DPM-Solver++': dpmSolverPP(), Heun: heun() };
const STEPS = 20;

/** The initial parameters of a network, on a backend. */
const parametersOn = async (backend: Backend, recipe: NetworkRecipe) => {
  const init = orThrow(await compile(initialState(recipe), {})(backend)());
  const state = orThrow(await init.run({ key: key(1) })());
  const tree = orThrow(await compile(parametersOf(recipe.model), {})(backend)());
  const params = orThrow(await tree.run({ vectors: state.params })());
  init.release();
  tree.release();
  await release(state)(backend)();
  return params;
};

export const samplingSection = async (
  backend: Backend,
  recipe: NetworkRecipe,
  rounds: number,
): Promise<readonly Row[]> => {
  const params = await parametersOn(backend, recipe);
  const trained = { ...recipe, params };
  const prepared = await Promise.all(
    Object.values(SOLVERS).map(async (solver) =>
      orThrow(await prepareSampling(trained, { solver, grid: STEPS, batch: BATCH })(backend)()),
    ),
  );
  const request = { count: BATCH, key: key(8) };
  const names = Object.keys(SOLVERS);
  const cases = prepared.map(({ sample }, i) => ({
    name: names[i]!,
    run: async () => void orThrow(await sample(request)()),
  }));
  const times = await interleaved(cases, rounds);
  for (const { release: free } of prepared) await free();
  await release(params)(backend)();
  return names.map((name) =>
    information(`sampling: ${name}, ${STEPS} steps of R`, times[name]!, 'ms', `a batch of ${BATCH}`),
  );
};
