{
  "targets": [
    {
      "target_name": "ggma",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["build/Release/ggma.node"],
          "action": ["npx", "--no-install", "tsx", "scripts/native.ts", "addon"]
        }
      ]
    }
  ]
}
