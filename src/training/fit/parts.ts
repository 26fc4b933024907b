/** The kinds of things that functions of a training take. */
import { list, partLike } from '../../internal/parts.js';

export const recipePart = partLike('a recipe', '{ model, process, optimizer }', 'model', 'process', 'optimizer');
export const imagePart = list('the shape of an image, such as [28, 28, 1]');
