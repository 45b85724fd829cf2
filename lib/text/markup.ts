/** Which user-defined pieces of a tokenizer.model are signs for the model, where no other file says. */

/**
 * SentencePiece knows one kind of user-defined pieces for two things: text that is always one token (runs of spaces,
 * HTML), and signs ("<start_of_turn>"). A user's text must not make a sign, so whatever has the form of one is taken
 * for one, but HTML is text.
 */
export function looksLikeControl(piece: string): boolean {
  return /^(?:<[^<>\s]+>|\[[^[\]\s]+\])$/.test(piece) && !htmlTag.test(piece);
}

/** The HTML elements that vocabularies have as pieces of their own. */
const htmlTag =
  /^<\/?(?:table|caption|thead|tbody|tfoot|tr|th|td|h[1-6]|p|br|hr|a|div|span|ul|ol|li|blockquote|strong|em|b|i|u|s|sub|sup|code|pre)>$/;
