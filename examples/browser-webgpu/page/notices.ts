/** What the page has to tell, with a way on. */
import type { Failure, WhyWasm } from '../shared/messages.js';
import type { Event, Opened } from './event.js';
import { fileName } from './learning.js';

export interface Action {
  readonly label: string;
  readonly event: Event;
}

export interface Notice {
  /** There is one notice about each thing, the last. */
  readonly about: string;
  readonly tone: 'note' | 'warning' | 'error';
  readonly title: string;
  readonly text: string;
  /** What may be done about it. */
  readonly actions: readonly Action[];
}

export type Notices = readonly Notice[];

/** The notices with another one; one that says the same stays as it is, so that it is not read out again. */
const put = (notices: Notices, notice: Notice): Notices =>
  notices.some(
    ({ about, title, text }) => about === notice.about && title === notice.title && text === notice.text,
  )
    ? notices
    : [...notices.filter(({ about }) => about !== notice.about), notice];

const without = (notices: Notices, ...gone: readonly string[]): Notices =>
  notices.filter(({ about }) => !gone.includes(about));

const titles: Readonly<Record<Failure['doing'], string>> = {
  start: 'The network could not be set up',
  train: 'The training stopped',
  drawing: 'The digits could not be drawn',
  repair: 'The digit could not be repaired',
  open: 'This file cannot be opened; the training here is as it was',
  save: 'The checkpoint could not be made',
  keep: 'The training is not kept in this browser',
  digit: 'There is no digit to repair',
};

const goOn: Action = { label: 'Go on', event: { _tag: 'TrainPressed' } };
const saveFile: Action = { label: 'Save a file', event: { _tag: 'SavePressed' } };

/** For an address that asks for a graphics card where there is none. */
const onProcessor = (opened: Opened): Action => ({
  label: 'Use the processor',
  event: { ...opened, settings: { ...opened.settings, backend: 'wasm' } },
});

/** What to do after a failure. */
const wayOn = (doing: Failure['doing'], opened: Opened): Notice['actions'] => {
  switch (doing) {
    case 'start':
      return [
        { label: 'Try again', event: opened },
        ...(opened.settings.backend === 'webgpu' ? [onProcessor(opened)] : []),
      ];
    case 'train':
      return [goOn];
    case 'drawing':
      return [{ label: 'Draw again', event: { _tag: 'DrawPressed' } }];
    case 'repair':
      return [{ label: 'Repair again', event: { _tag: 'FillPressed' } }];
    case 'keep':
      return [saveFile];
    default:
      return [];
  }
};

/** Why it is not WebGPU, in words. */
const reasons: Readonly<Record<WhyWasm, string>> = {
  absent:
    'Your browser found no graphics card that it may use; it computes on the processor instead, more slowly.',
  software:
    'Your browser only imitates a graphics card; to compute on the processor itself is faster, so this page does.',
  failed:
    'The graphics card could not run the network; your browser computes on the processor instead, more slowly.',
  lost: 'The graphics card was lost twice; your browser computes on the processor from here on, more slowly.',
};

/** The notices after an event; `opened` is the event with which the page began. */
export const noticed = (notices: Notices, event: Event, opened: Opened): Notices => {
  const { seed } = opened.settings;
  switch (event._tag) {
    case 'Works':
      return event.why === null
        ? without(notices, 'backend')
        : put(notices, {
            about: 'backend',
            tone: 'note',
            title: 'Working on the processor',
            text: reasons[event.why],
            actions: [],
          });
    case 'Begun':
      switch (event.from) {
        case 'noise':
          return without(notices, 'training', 'anew', 'open', 'start');
        case 'kept':
          return put(without(notices, 'start'), {
            about: 'training',
            tone: 'note',
            title: 'Welcome back',
            text: [
              `This browser kept your training: it goes on after step ${event.step}`,
              ...(seed === null ? [] : [`, with its own seed; a new one begins with seed ${seed}`]),
              '.',
            ].join(''),
            actions: [{ label: 'Begin anew', event: { _tag: 'AnewPressed' } }],
          });
        case 'file':
          return put(without(notices, 'anew', 'open', 'start'), {
            about: 'training',
            tone: 'note',
            title: 'Checkpoint opened',
            text: `The network is as it was after step ${event.step}.`,
            actions: [goOn],
          });
        case 'lost':
          return put(notices, {
            about: 'training',
            tone: 'warning',
            title: 'The graphics device was lost',
            text: `The training is back at its last copy, after step ${event.step}; later steps are taken again.`,
            actions: [goOn],
          });
      }
    case 'Replaced': {
      const { step, bytes } = event;
      return put(notices, {
        about: 'anew',
        tone: 'note',
        title: 'Begun anew',
        text: `What was learned in ${step} steps can be had back until this message is closed.`,
        actions: [
          { label: 'Undo', event: { _tag: 'FileGiven', name: fileName(step), bytes } },
          { label: 'Save the old one', event: { _tag: 'Saved', step, bytes } },
        ],
      });
    }
    case 'KeptElsewhere':
      return put(notices, {
        about: 'keep',
        tone: 'note',
        title: 'This browser keeps the training of another tab',
        text: 'What this tab learns is gone when it is closed, unless you save it.',
        actions: [saveFile],
      });
    case 'Lost':
      return put(notices, {
        about: 'training',
        tone: 'warning',
        title: 'The graphics device was lost',
        text: `It happened at step ${event.step}. Getting another one…`,
        actions: [],
      });
    case 'NonFinite':
      return put(notices, {
        about: 'step',
        tone: 'warning',
        title: 'A step was left out',
        text: `The loss of step ${event.step} is not a finite number. The network stays as it was before it.`,
        actions: [],
      });
    case 'Failed':
      return put(notices, {
        about: event.doing,
        tone: 'error',
        title: titles[event.doing],
        text: event.message,
        actions: wayOn(event.doing, opened),
      });
    case 'Crashed':
      return put(notices, {
        about: 'start',
        tone: 'error',
        title: 'The worker of this page stopped',
        text: `${event.message} The training goes on from what this browser kept.`,
        actions: [{ label: 'Start it again', event: opened }],
      });
    case 'Complained':
      return put(notices, {
        about: event.title,
        tone: 'error',
        title: event.title,
        text: event.message,
        actions: [],
      });
    case 'Opened':
      return without(notices, 'start');
    case 'TrainPressed':
      return without(notices, 'training', 'train');
    case 'FileGiven':
      return without(notices, 'open');
    case 'DrawPressed':
      return without(notices, 'drawing');
    case 'FillPressed':
      return without(notices, 'repair');
    case 'NoticeClosed':
      return without(notices, event.about);
    default:
      return notices;
  }
};
