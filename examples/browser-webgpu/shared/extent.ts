/** The images of MNIST: 28 by 28. */
export const SIDE = 28;
export const AREA = SIDE * SIDE;

/** The number of classes; as a label it means no class. */
export const CLASSES = 10;
