/** Lets Mesa compute on vectors of eight numbers, which are subgroups of eight threads; other tests have subgroups of four. */
process.env['LP_NATIVE_VECTOR_WIDTH'] = '256';
