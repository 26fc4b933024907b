import { testPage } from './page.js';

testPage('docs/effects.md');
