#include "addon/engine.h"

#include "addon/arguments.h"
#include "addon/instance.h"

namespace ggma {
namespace {

class LoadJob : public PromiseJob {
 public:
  LoadJob(const std::shared_ptr<Host>& host, const Napi::Uint8Array& program, const Napi::Array& sources,
          const Napi::Value& options)
      : PromiseJob(host),
        program_(program.Data(), program.Data() + program.ElementLength()),
        profile_(flag(options, "profile")) {
    cancel_ = cancel_flag(options);
    for (uint32_t i = 0; i < sources.Length(); i++) {
      const Napi::Value source = sources.Get(i);
      if (source.IsObject() && !source.IsTypedArray()) {
        add_file(source);
      } else {
        const Napi::Uint8Array memory = uint8_array(source, "sources");
        keep(memory);
        sources_.push_back(memory.Data());
        source_bytes_.push_back(memory.ElementLength());
      }
    }
  }

  void run(const std::atomic<bool>& disposed) override {
    Program program = decode_program(program_.data(), program_.size(), source_bytes_);
    Engine& engine = host->engine();
    program.half_cache = engine.half_cache;
    program.screened = engine.screened;
    program.narrowed = engine.narrowed;
    program.budgeted = engine.weights_in_budget;
    model_ = std::make_shared<Model>(std::move(program), sources_, engine.kernels, engine.pool, engine.budget,
                                     profile_, Loading{Cancel{&disposed, cancel_}});
    sources_.clear();  // unmaps the files that the model does not use any more
  }

  Napi::Value result(Napi::Env env) override {
    auto state = std::make_shared<ProgramState>(ProgramState{host, std::move(model_)});
    host->add(state);
    const auto external = Napi::External<std::shared_ptr<ProgramState>>::New(env, &state);
    return env.GetInstanceData<Instance>()->program_class.New({external});
  }

 private:
  static bool flag(const Napi::Value& options, const char* name) {
    const Napi::Value value = member(options, name);
    return present(value) && value.ToBoolean().Value();
  }

  // {fd, offset, byteLength, mmap}
  void add_file(const Napi::Value& source) {
    const auto number = [&](const char* name, int64_t limit) {
      return integer(member(source, name), name, 0, limit);
    };
    const auto fd = static_cast<int>(number("fd", INT32_MAX));
    const auto offset = static_cast<uint64_t>(number("offset", INT64_MAX));
    const auto bytes = static_cast<uint64_t>(number("byteLength", INT64_MAX));
    const Napi::Value mmap = member(source, "mmap");
    const bool maps = bytes > 0 && present(mmap) && mmap.ToBoolean().Value();
    sources_.push_back(maps ? Source::mapped(fd, offset, bytes) : Source::file(fd, offset));
    source_bytes_.push_back(bytes);
  }

  const std::vector<uint8_t> program_;
  const bool profile_;
  const int32_t* cancel_ = nullptr;
  std::vector<Source> sources_;
  std::vector<uint64_t> source_bytes_;
  std::shared_ptr<Model> model_;
};

}  // namespace

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(
      env, "Engine",
      {InstanceAccessor<&EngineObject::threads>("threads"), InstanceAccessor<&EngineObject::isa>("isa"),
       InstanceMethod<&EngineObject::load_program>("loadProgram"),
       InstanceMethod<&EngineObject::close>("close")});
}

EngineObject::EngineObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  guard(info.Env(), [&] {
    EngineOptions options;
    std::string isa;
    if (const auto value = member(info[0], "threads"); present(value))
      options.threads = static_cast<size_t>(integer(value, "threads", 1, 1024));
    if (const auto value = member(info[0], "budgetBytes"); present(value))
      options.budget_bytes = static_cast<uint64_t>(integer(value, "budgetBytes", 1, INT64_MAX));
    if (const auto value = member(info[0], "kvDtype"); present(value)) {
      const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
      if (name != "f32" && name != "f16") bad_argument("kvDtype", "'f32' or 'f16'");
      options.half_cache = name == "f16";
    }
    const auto flag = [&](const char* name, bool& option) {
      const auto value = member(info[0], name);
      if (!present(value)) return;
      if (!value.IsBoolean()) bad_argument(name, "a boolean");
      option = value.As<Napi::Boolean>().Value();
    };
    flag("weightsInBudget", options.weights_in_budget);
    flag("screen", options.screened);
    flag("narrow", options.narrowed);
    if (const auto value = member(info[0], "isa"); present(value)) {
      if (!value.IsString()) bad_argument("isa", "a string");
      isa = value.As<Napi::String>().Utf8Value();
      options.isa = isa.c_str();
    }
    host_ = Host::create(info.Env(), options);
    return info.Env().Undefined();
  });
}

Napi::Value EngineObject::threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(host_->engine().pool.threads()));
}

Napi::Value EngineObject::isa(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), host_->engine().kernels.name);
}

Napi::Value EngineObject::load_program(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const Napi::Uint8Array program = uint8_array(info[0], "program");
    if (!info[1].IsArray()) bad_argument("sources", "an array of Uint8Array or file ranges");
    return host_->submit(std::make_unique<LoadJob>(host_, program, info[1].As<Napi::Array>(), info[2]));
  });
}

Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] { return host_->close(); });
}

}  // namespace ggma
