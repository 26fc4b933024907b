import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../shared/settings.js';
import { nextAlone } from './alone.js';
import type { Film } from './film.js';
import { firstPage, type Page } from './page.js';
import { LAST } from './removing.js';

const first = firstPage({ _tag: 'Opened', settings: defaultSettings, folder: '/' });
const loaded: Page = { ...first, network: { ...first.network, phase: 'loaded', employed: true, ready: true } };
const pixels = new Uint8Array();
const film: Film = { id: 0, labels: [0], learned: 0, of: 0, stills: [{ t: 0, image: pixels, guess: pixels }] };

const next = (figure: string, page: Page, still = false): string | undefined => nextAlone(figure, still, page)?._tag;

describe('a figure without controls', () => {
  test.each([
    ['noising', 'DriftStarted', { ...first, noising: { ...first.noising, drift: 0 } }, 'NoisingSet'],
    ['plane', 'PlanePlayToggled', { ...first, plane: { ...first.plane, playing: true } }, 'PlanePlayToggled'],
  ] as const)('plays by itself until it should rest, without the network: %s', (figure, start, playing, stop) => {
    expect(next(figure, first)).toBe(start);
    expect(next(figure, playing)).toBeUndefined();
    expect(next(figure, playing, true)).toBe(stop);
    expect(next(figure, first, true)).toBeUndefined();
  });

  test.each([
    ['removing', 'NetworkWanted', 'network'],
    ['guiding', 'NetworkWanted', 'network'],
    ['use', 'NetworkWanted', 'network'],
    ['faces', 'FacesWanted', 'networkOfFaces'],
  ] as const)('loads the network by itself, once: %s', (figure, wanted, about) => {
    expect(next(figure, first)).toBe(wanted);
    const part = about === 'network' ? 'network' : 'faces';
    expect(next(figure, { ...first, [part]: { ...first[part], phase: 'loading' } })).toBeUndefined();
    const failed: Page['notices'][number] = { about, tone: 'error', title: '', text: '', actions: [] };
    expect(next(figure, { ...first, notices: [failed] })).toBeUndefined();
  });

  test('goes through the columns of the way back, and begins again', () => {
    const at = (column: number): Page => ({ ...loaded, removing: { ...loaded.removing, films: [film], column } });
    expect(next('removing', loaded)).toBeUndefined(); // its film is being drawn
    expect(nextAlone('removing', false, at(3))).toEqual({ _tag: 'RemovingSet', query: 'column=4' });
    expect(nextAlone('removing', false, at(LAST))).toEqual({ _tag: 'RemovingSet', query: 'column=0' });
    expect(next('removing', at(3), true)).toBeUndefined();
  });

  test('draws the rows of guidance once', () => {
    expect(next('guiding', loaded)).toBe('GuidePressed');
    expect(
      next('guiding', { ...loaded, guiding: { ...loaded.guiding, rows: [{ film, score: null }] } }),
    ).toBeUndefined();
  });

  test('morphs once, then plays the digits', () => {
    expect(next('use', loaded)).toBe('MorphPressed');
    expect(next('use', { ...loaded, morph: { ...loaded.morph, encoding: 1 } })).toBeUndefined();
    const drawn: Page = { ...loaded, morph: { ...loaded.morph, film }, drawing: { ...loaded.drawing, shown: film } };
    expect(next('use', drawn)).toBe('PlayToggled');
    expect(next('use', drawn, true)).toBeUndefined();
    const playing: Page = { ...drawn, drawing: { ...drawn.drawing, playing: true } };
    expect(next('use', playing)).toBeUndefined();
    expect(next('use', playing, true)).toBe('PlayToggled');
  });
});
