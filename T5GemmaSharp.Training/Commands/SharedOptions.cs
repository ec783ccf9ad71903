using System.CommandLine;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Options that several verbs have, and what their values mean.</summary>
internal static class SharedOptions
{
    public static Option<string> Model() => new("--model")
    {
        Description = "Folder of the model: config.json, safetensors files and tokenizer.json.",
        HelpName = "DIR",
        Required = true,
    };

    public static Option<string> Device()
    {
        var option = new Option<string>("--device") { Description = "Where to compute; auto: cuda if there is one.", DefaultValueFactory = _ => "auto" };
        option.AcceptOnlyFromAmong("cpu", "cuda", "auto");
        return option;
    }

    public static Option<string> DType()
    {
        var option = new Option<string>("--dtype") { Description = "Dtype of the weights; auto: the stored one on cuda, float32 on cpu.", DefaultValueFactory = _ => "auto" };
        option.AcceptOnlyFromAmong("auto", "float32", "bfloat16", "float16");
        return option;
    }

    public static Option<string?> Quantize()
    {
        var option = new Option<string?>("--quantize") { Description = "Store the decoder's matrices as integers: int8, or int4 in groups of 64 inputs (int4-32, int4-128: of so many). Answers change a little; the verb quantize tells how much." };
        option.AcceptOnlyFromAmong("int8", "int4", "int4-32", "int4-64", "int4-128");
        return option;
    }

    /// <summary>What a value of <c>--quantize</c> names; null: as the checkpoint has its weights.</summary>
    public static WeightQuantization? ResolveQuantization(string? name) => name is null ? null : WeightQuantization.Parse(name);

    public static Option<bool> Json() => new("--json") { Description = "Print one line of JSON, the last on standard output." };

    /// <summary>The device that a value of <c>--device</c> names.</summary>
    /// <exception cref="CudaUnavailableException">CUDA is asked for and there is none; the message says why.</exception>
    public static Device ResolveDevice(string name)
    {
        if (name == "cuda")
            TorchNative.RequireCuda();
        return name != "cpu" && cuda.is_available() ? CUDA : CPU;
    }

    /// <summary>The dtype that a value of <c>--dtype</c> names; null: the stored one.</summary>
    public static ScalarType? ResolveDType(string name, Device device) => name switch
    {
        "float32" => ScalarType.Float32,
        "bfloat16" => ScalarType.BFloat16,
        "float16" => ScalarType.Float16,
        _ => device.type == DeviceType.CPU ? ScalarType.Float32 : null,
    };
}
