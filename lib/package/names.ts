/** The files that a Hugging Face directory and a package are made of. */

export const fileNames = {
  model: 'model.circle',
  prepared: 'model.ggma',
  config: 'config.json',
  generationConfig: 'generation_config.json',
  sentencePiece: 'tokenizer.model',
  tokenizerJson: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  specialTokensMap: 'special_tokens_map.json',
  addedTokens: 'added_tokens.json',
  chatTemplate: 'chat_template.jinja',
  chatTemplateJson: 'chat_template.json',
  manifest: 'ggma.json',
} as const;

/** What goes from a Hugging Face directory into a package as it is, where it is there. */
export const carriedNames: readonly string[] = [
  fileNames.config,
  fileNames.generationConfig,
  fileNames.tokenizerJson,
  fileNames.sentencePiece,
  fileNames.tokenizerConfig,
  fileNames.chatTemplate,
  // Older directories: special tokens beside tokenizer_config.json, and more than one template.
  fileNames.specialTokensMap,
  fileNames.addedTokens,
  fileNames.chatTemplateJson,
];

export const weightNames = {
  single: 'model.safetensors',
  index: 'model.safetensors.index.json',
} as const;
