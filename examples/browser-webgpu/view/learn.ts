/** The part of the page that trains. */
import { clock } from '../../mnist/progress.js';
import type { Event } from '../page/event.js';
import { backendOf, whyOf } from '../page/device.js';
import { expected, type Learning, nextGoal } from '../page/learning.js';
import { byId, type Part, setText } from './elements.js';

const WAITING: Readonly<Record<Learning['preparing'], string>> = {
  backend: 'Finding a device…',
  network: 'Compiling the network…',
};

const trainLabel = ({ phase, preparing, digits, step, goal, pace }: Learning): string => {
  switch (phase) {
    case 'preparing':
      return WAITING[preparing];
    case 'training': // compiles before its first update
      return Number.isNaN(pace.secondsPerStep) ? WAITING.network : 'Pause';
    case 'stopped':
      return 'Not working';
    case 'resting':
      if (digits === 'failed') return 'No digits to learn from';
      if (digits === 'loading') return 'Loading digits…';
      if (step === 0) return 'Start training';
      return step < goal ? 'Resume' : `Train ${nextGoal({ step, goal }) - step} more`;
  }
};

const NONE = '–';

const speedOf = (seconds: number): string => {
  if (Number.isNaN(seconds)) return NONE;
  if (seconds > 1) return `${seconds.toFixed(1)} s/update`;
  return `${(1 / seconds).toFixed(seconds > 0.1 ? 1 : 0)}/s`;
};

/** The facts of a training, by the id of their elements. */
const factsOf = ({
  phase,
  step,
  goal,
  pace: { loss, secondsPerStep },
}: Learning): Readonly<Record<string, string>> => ({
  step: goal === 0 ? NONE : `${step} / ${goal}`,
  loss: Number.isNaN(loss) ? NONE : loss.toFixed(3),
  speed: speedOf(secondsPerStep),
  left: phase === 'training' && step < goal && secondsPerStep > 0 ? clock((goal - step) * secondsPerStep) : NONE,
});

/** The source of the digits, and the expected time of the training. */
const aboutOf = (state: Learning): string => {
  const seconds = expected(state);
  const time = seconds < 100 ? `${Math.ceil(seconds / 10) * 10} s` : `${Math.round(seconds / 60)} min`;
  return `from 6,000 handwritten digits${Number.isNaN(seconds) ? '' : `: about ${time} here`}`;
};

const keptOf = ({ kept }: Learning): string =>
  kept === null
    ? 'Drop a checkpoint anywhere on this page to open it.'
    : `This browser saved the training after ${kept} updates.`;

export const learnPart = (happened: (event: Event) => void): Part<Learning> => {
  const train = byId('train', HTMLButtonElement);
  const progress = byId('progress', HTMLProgressElement);
  const [save, anew] = [byId('save', HTMLButtonElement), byId('anew', HTMLButtonElement)];
  const file = byId('file', HTMLInputElement);
  const [kept, backend] = [byId('kept', HTMLParagraphElement), byId('backend', HTMLElement)];
  const why = byId('backend-why', HTMLParagraphElement);
  const about = byId('learn-hint', HTMLParagraphElement);

  let training = false;
  let lost = false; // true if disabling a button removed the focus
  train.addEventListener('click', () => happened({ _tag: training ? 'RestPressed' : 'TrainPressed' }));
  save.addEventListener('click', () => happened({ _tag: 'SavePressed' }));
  anew.addEventListener('click', () => happened({ _tag: 'AnewPressed' }));

  return (state) => {
    const { phase, digits, step, goal } = state;
    training = phase === 'training';
    const ready = phase === 'resting' || training;
    setText(train, trainLabel(state));
    lost ||= !ready && (document.activeElement === train || document.activeElement === anew);
    train.disabled = !ready || digits === 'loading' || digits === 'failed';
    for (const control of [save, file]) control.disabled = !ready;
    anew.disabled = !ready || step === 0;
    anew.title = anew.disabled ? 'Nothing learned yet' : 'You can undo this';
    if (ready && lost) {
      lost = false;
      train.focus();
    }
    progress.value = goal === 0 ? 0 : Math.min(1, step / goal);
    for (const [id, fact] of Object.entries(factsOf(state))) setText(byId(id, HTMLElement), fact);
    setText(backend, backendOf(state));
    setText(why, whyOf(state));
    setText(kept, keptOf(state));
    setText(about, aboutOf(state));
  };
};
