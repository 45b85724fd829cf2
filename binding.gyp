# For tools that look for a gyp file: it runs the one build there is (CMakeLists.txt through scripts/native.ts).
{
  'targets': [
    {
      'target_name': 'ggma',
      'type': 'none',
      'actions': [
        {
          'action_name': 'cmake',
          'inputs': ['CMakeLists.txt'],
          # Never written, so that the build runs each time and decides for itself what is out of date.
          'outputs': ['build/always'],
          'action': ['node', '--import', 'tsx', 'scripts/native.ts', 'addon'],
        },
      ],
    },
  ],
}
