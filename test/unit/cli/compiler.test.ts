import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkCompiler, compilerFailed } from '../../../lib/cli/compiler.ts';
import type { GgmaError } from '../../../lib/errors.ts';

describe('the compiler that the addon needs', () => {
  let bin = '';
  const saved = { PATH: process.env.PATH, CXX: process.env.CXX };
  beforeEach(() => {
    bin = mkdtempSync(path.join(os.tmpdir(), 'ggma-compiler-'));
    process.env.PATH = bin;
    delete process.env.CXX;
  });
  afterEach(() => {
    for (const [name, value] of Object.entries(saved))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(bin, { recursive: true });
  });

  function tool(name: string): void {
    const file = path.join(bin, name);
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o755);
  }

  const messageOf = (compiler?: string): string => {
    try {
      checkCompiler(compiler);
      return '';
    } catch (error) {
      assert.equal((error as GgmaError).code, 'COMPILER');
      return (error as GgmaError).message;
    }
  };

  it('is looked for before it is used, and what is missing is named', () => {
    assert.match(
      messageOf(),
      /^expected CMake 3\.19 or later and a C\+\+17 compiler .*, got no cmake on the PATH/,
    );
    tool('cmake');
    assert.match(messageOf(), /got none of c\+\+, g\+\+, clang\+\+, cl on the PATH/);
    tool('clang++');
    assert.equal(messageOf(), '');
  });

  it('is the one that CXX or the caller names', () => {
    for (const name of ['cmake', 'c++']) tool(name);
    assert.match(messageOf('aarch64-linux-gnu-g++'), /got none of aarch64-linux-gnu-g\+\+ on the PATH/);
    process.env.CXX = 'ccache my-c++';
    assert.match(messageOf(), /got none of ccache on the PATH/);
    tool('ccache');
    assert.equal(messageOf(), '');
  });

  it('on Linux and macOS the message has the command that installs it', () => {
    const expected: Partial<Record<NodeJS.Platform, RegExp>> = {
      linux: /apt install cmake g\+\+/,
      darwin: /xcode-select/,
    };
    const pattern = expected[process.platform];
    if (pattern !== undefined) assert.match(messageOf(), pattern);
    assert.match(compilerFailed('ggma_test').message, /^expected ggma_test to compile, got an error/);
  });
});
