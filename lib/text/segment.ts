/** Text in which special tokens stand apart: what a chat template makes. */

/** Text whose special tokens stay literal, or one special token by its text. */
export type Segment = { text: string } | { special: string };
