/** The program format and its instructions as C++. */
import { instructions, programFormat } from '../../lib/plan/index.ts';

const { MAGIC, VERSION, HEADER_WORDS, NONE, WANTED_ROWS, PACKED_FORM } = programFormat;

export function formatHeader(): string {
  const { header, recordBytes, limits, dtypes, outputs } = programFormat;
  const numbers = (names: Readonly<Record<string, number>>) =>
    Object.entries(names).map(([name, number]) => [constant(name), number] as const);
  const numberOf = Object.entries(dtypes).map(([name, { number }]) => [constant(name), number] as const);
  return `
#include <stdint.h>

namespace ggma {

constexpr uint32_t kProgramMagic = 0x${MAGIC.toString(16)};
constexpr uint32_t kProgramVersion = ${VERSION};
constexpr uint32_t kHeaderWords = ${HEADER_WORDS};
// An operand that is left out.
constexpr uint32_t kNone = 0x${NONE.toString(16)};
// The step flag: the step runs over the wanted rows.
constexpr uint32_t kWantedRows = ${WANTED_ROWS};
// The form of a weight that is packed as kernels read it.
constexpr uint32_t kPackedForm = ${PACKED_FORM};

// Places of the header's words.
namespace header {
${constants('uint32_t', numbers(header))}
}  // namespace header

// Bytes of one record of each section.
namespace record_bytes {
${constants('uint32_t', numbers(recordBytes))}
}  // namespace record_bytes

// What a program may have at most.
${constants(
  'uint32_t',
  Object.entries(limits).map(([name, number]) => [`kMax${pascal(name)}`, number] as const),
)}

// How a weight's elements are stored, in the file and packed.
enum class Dtype : uint32_t { ${assignments(numberOf)} };
constexpr uint32_t kDtypes = ${numberOf.length};
constexpr const char* kDtypeNames[] = {${Object.keys(dtypes)
    .map((name) => `"${name}"`)
    .join(', ')}};

// What a program computes for each wanted row.
enum class Output : uint32_t { ${assignments(numbers(outputs))} };
constexpr uint32_t kOutputs = ${Object.keys(outputs).length};
constexpr const char* kOutputNames[] = {${Object.keys(outputs)
    .map((name) => `"${name}"`)
    .join(', ')}};

}  // namespace ggma
`;
}

/** For each instruction a struct with the step's operands by name, in the order of their words. */
export function instructionsHeader(): string {
  return `
#include "generated/format.h"

namespace ggma {

${Object.entries(instructions).map(operandsOf).join('\n')}
}  // namespace ggma
`;
}

function operandsOf([name, { number, operands, does }]: [
  string,
  (typeof instructions)[keyof typeof instructions],
]): string {
  const struct = `${pascal(name)}Operands`;
  const kinds = Object.entries(operands);
  const matrix = kinds.findIndex(([, kind]) => kind === 'matrix');
  const fields = kinds.map(
    ([field, kind]) =>
      `  ${kind === 'float' ? 'float' : 'uint32_t'} ${snake(field)};  // ${kind === 'vector?' || kind === 'table?' ? `${kind.slice(0, -1)}, or kNone` : kind}`,
  );
  return `// ${does}
struct ${struct} {
  static constexpr uint32_t kCode = ${number};
  static constexpr const char* kName = "${snake(name).toUpperCase()}";
  static constexpr uint32_t kCount = ${kinds.length + 1};
  // The place of the operand whose dtype chooses the kernel.
  static constexpr uint32_t kMatrix = ${matrix < 0 ? 'kNone' : matrix + 1};
  uint32_t dst;  // slot that is written
${fields.join('\n')}
};
static_assert(sizeof(${struct}) == ${struct}::kCount * sizeof(uint32_t), "one word for each operand");
`;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const constant = (name: string): string => `k${pascal(name)}`;

const assignments = (list: readonly (readonly [string, number])[]): string =>
  list.map(([name, number]) => `${name} = ${number}`).join(', ');

const constants = (type: string, list: readonly (readonly [string, number])[]): string =>
  list.map(([name, number]) => `constexpr ${type} ${name} = ${number};`).join('\n');
