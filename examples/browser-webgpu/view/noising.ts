/** The figure "Add noise". */
import type { Event } from '../page/event.js';
import { mixed, type Noising, normals } from '../page/noising.js';
import { AREA } from '../shared/extent.js';
import { codeOf, digitIn, levelsIn, STRIDE, T } from '../shared/noising.js';
import { amounts, logSNR, ratios, signal } from './curves.js';
import { byId, type Part, setText } from './elements.js';
import { show } from './ink.js';

/** A number with two decimals, or ∞. */
const written = (n: number): string => n.toFixed(2).replace('-', '−').replace('Infinity', '∞');

export const noisingPart = (happened: (event: Event) => void): Part<Noising> => {
  const place = byId('noising', HTMLElement);
  const [alphaText, sigmaText] = [byId('alpha', HTMLElement), byId('sigma', HTMLElement)];
  const canvases = ['x0', 'epsilon', 'xt'].map((id) => byId(id, HTMLCanvasElement));
  const [slider, amount] = [byId('t', HTMLInputElement), byId('t-value', HTMLOutputElement)];
  const [amountsPlot, ratiosPlot] = [byId('amounts', HTMLDivElement), byId('ratios', HTMLDivElement)];
  const [equation, code] = [byId('equation', HTMLElement), byId('code', HTMLElement)];
  const drift = byId('drift', HTMLButtonElement);
  let [seed, drifting] = [0, false];
  const set = (query: string): void => happened({ _tag: 'NoisingSet', query });
  place.addEventListener('input', ({ target }) => {
    if (target instanceof HTMLInputElement) set(`${target.name}=${target.value}`);
  });
  byId('noise', HTMLButtonElement).addEventListener('click', () => set(`seed=${seed + 1}`));

  drift.addEventListener('click', () => (drifting ? set('') : happened({ _tag: 'DriftStarted' })));

  return (state) => {
    const { file, digit, path, t } = state;
    seed = state.seed;
    drifting = state.drift !== null;
    setText(drift, drifting ? '❚❚' : '▶');
    drift.ariaLabel = drifting ? 'Stop' : 'Play from digit to noise and back';
    slider.value = `${t}`;
    for (const one of place.querySelectorAll<HTMLInputElement>('[type=radio]'))
      one.checked = one.value === `${one.name === 'digit' ? digit : path}`;
    setText(code, codeOf(path, t));
    if (file === null) return;

    const levels = levelsIn(file, path);
    const level = levels[t / STRIDE]!;
    const [x0, noise] = [digitIn(file, digit), normals(seed, AREA)];
    const mixes = [{ alpha: 1, sigma: 0 }, { alpha: 0, sigma: 1 }, level];
    canvases.forEach((canvas, i) => show(canvas, mixed(x0, noise, mixes[i]!), 0));
    canvases[0]!.ariaLabel = `A ${digit}`;
    const [alpha, sigma, ratio] = [level.alpha, level.sigma, logSNR(level)].map(written);
    setText(alphaText, `× ${alpha}`);
    setText(sigmaText, `× ${sigma}`);
    const words = `${t} of ${T}, ${signal(level)}`;
    setText(amount, words);
    slider.ariaValueText = words;
    amountsPlot.innerHTML = amounts(levels, t);
    ratiosPlot.innerHTML = ratios(levels, t);
    ratiosPlot.ariaLabel = `log-SNR ${ratio}`;
    amountsPlot.ariaLabel = `digit × ${alpha}, noise × ${sigma}`;
    setText(equation, `At t = ${t} it is ${alpha} · x₀ + ${sigma} · ε, and the log-SNR is ${ratio}.`);
  };
};
