import { testPage } from './page.js';

testPage('docs/guidance.md');
