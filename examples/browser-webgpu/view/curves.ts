/** The curves of a path over time, with dots that mark a time, as SVG. */
import { type Mix, STRIDE, T } from '../shared/noising.js';

const [LEFT, RIGHT, TOP, BOTTOM, HEIGHT] = [30, 232, 24, 96, 114];

/** log(α²/σ²), from ∞ at the data. */
export const logSNR = ({ alpha, sigma }: Mix): number => 2 * Math.log(alpha / sigma);

/** The part of the signal in x_t, α²/(α² + σ²). The rest is noise. */
export const signalOf = ({ alpha, sigma }: Mix): number => alpha ** 2 / (alpha ** 2 + sigma ** 2);

/** {@link signalOf} in words. */
export const signal = (level: Mix): string => `${Math.round(100 * signalOf(level))} % signal`;

interface Curve {
  readonly kind: string;
  readonly name: string;
  readonly of: (level: Mix) => number;
}

/** Curves between two heights; what lies beyond is at the edge. `ticks` rise from the lower to the upper one. */
const plot = (ticks: readonly number[], curves: readonly Curve[], levels: readonly Mix[], t: number): string => {
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const x = (k: number): string => (LEFT + (k / (levels.length - 1)) * (RIGHT - LEFT)).toFixed(1);
  const y = (value: number): string =>
    (BOTTOM - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (BOTTOM - TOP)).toFixed(1);
  const k = t / STRIDE;
  return [
    `<svg viewBox="0 0 240 ${HEIGHT}" aria-hidden="true">`,
    ...ticks.map(
      (tick) =>
        `<line class="rule" x1="${LEFT}" x2="${RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${LEFT - 6}" y="${y(tick)}" dy="4" text-anchor="end">${`${tick}`.replace('-', '−')}</text>`,
    ),
    `<text x="${LEFT}" y="${HEIGHT - 3}">t = 0</text><text x="${RIGHT}" y="${HEIGHT - 3}" text-anchor="end">${T}</text>`,
    ...curves.map(
      ({ kind, name, of }, i) =>
        `<text class="${kind}name" x="${LEFT + 84 * i}" y="12">${name}</text><path class="${kind}" d="M${levels.map((level, at) => `${x(at)} ${y(of(level))}`).join('L')}"/><circle class="${kind}" cx="${x(k)}" cy="${y(of(levels[k]!))}" r="4"/>`,
    ),
    '</svg>',
  ].join('');
};

/** α and σ of a path. */
export const amounts = (levels: readonly Mix[], t: number): string =>
  plot(
    [0, 0.5, 1],
    [
      { kind: '', name: 'digit × α', of: ({ alpha }) => alpha },
      { kind: 'held', name: 'noise × σ', of: ({ sigma }) => sigma },
    ],
    levels,
    t,
  );

/** The log-SNR of a path, cut off at ± 10. */
export const ratios = (levels: readonly Mix[], t: number): string =>
  plot([-10, 0, 10], [{ kind: '', name: 'signal to noise: log α²/σ²', of: logSNR }], levels, t);
