/**
 * The reason why `npm test` skips a test on a GPU or in a browser, for the name of the test; empty in
 * `npm run test:all`.
 */
export const notAsked = process.env['NOISEFOLD_TESTS'] === 'all' ? '' : '(in npm run test:all)';
