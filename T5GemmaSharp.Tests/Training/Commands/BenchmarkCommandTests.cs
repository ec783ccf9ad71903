using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class BenchmarkCommandTests
{
    private const int Repeats = 3;

    private readonly ScratchFolder _folder = new();

    [OneTimeSetUp]
    public void SaveModel()
    {
        using var model = SampleModel.RandomLM();
        model.SavePretrained(_folder.Path);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("encode", "encode")]
    [TestCase("decode", "prefill", "decode", "total")]
    [TestCase("load", "load", "first_encode")]
    [TestCase("train", "step")]
    public void Run_Json_HoldsTimesMachineAndSettings(string kind, params string[] times)
    {
        var (code, output, errors) = Run(kind, "--batch", "2", "--source-length", "7", "--new-tokens", "5", "--num-beams", "2", "--repeats", $"{Repeats}", "--json");
        Assert.That((code, errors), Is.EqualTo((0, "")));
        using var document = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]);
        var report = document.RootElement;
        var settings = report.GetProperty("settings");
        Assert.Multiple(() =>
        {
            Assert.That(report.EnumerateObject().Select(field => field.Name), Is.EqualTo(new[] { "benchmark", "machine", "versions", "model", "settings", "encoding", "decoding", "seconds", "rates" }));
            Assert.That(report.GetProperty("benchmark").GetString(), Is.EqualTo(kind));
            Assert.That(report.GetProperty("encoding").GetRawText(), Is.EqualTo(kind == "encode" ? "{\"engine\":\"Modules\",\"reason\":\"the model is on cpu\"}" : "null"));
            Assert.That(report.GetProperty("seconds").EnumerateObject().Select(field => field.Name), Is.EqualTo(times));
            foreach (var time in report.GetProperty("seconds").EnumerateObject().Where(field => field.Name != "decode"))
                Assert.That(Number(time.Value, "min"), Is.GreaterThan(0).And.LessThanOrEqualTo(Number(time.Value, "median")));
            Assert.That(report.GetProperty("versions").GetProperty("torch").GetString(), Is.Not.Empty);
            Assert.That(report.GetProperty("machine").GetProperty("cores").GetInt32(), Is.Positive);
            Assert.That(
                settings.EnumerateObject().Select(field => $"{field.Name}={field.Value}").Where(text => !text.StartsWith("threads=", StringComparison.Ordinal)),
                Is.EqualTo(new[]
                {
                    "device=cpu", "dtype=float32", "quantization=", "attention=auto", "cache=dynamic", "compile=False",
                    "batch=2", "source_length=7", "new_tokens=5", "num_beams=2", "do_sample=False", "target_length=7", "micro_batch=2", "gradient_checkpointing=False", "release_gradients=False", "lora_r=", "warmup=1", $"repeats={Repeats}",
                }));
        });
    }

    [Test]
    public void Run_Decode_RatesFollowFromTheMedians()
    {
        var (_, output, _) = Run("decode", "--batch", "3", "--source-length", "7", "--new-tokens", "5", "--repeats", "1", "--json");
        using var document = JsonDocument.Parse(output);
        var (seconds, rates) = (document.RootElement.GetProperty("seconds"), document.RootElement.GetProperty("rates"));
        double Median(string name) => Number(seconds.GetProperty(name), "median");
        Assert.Multiple(() =>
        {
            Assert.That(Median("decode"), Is.EqualTo(Median("total") - Median("prefill")).Within(1e-12));
            Assert.That(document.RootElement.GetProperty("decoding").GetRawText(), Is.EqualTo("{\"engine\":\"CpuKernels\",\"reason\":null}"));
            Assert.That(Number(rates, "decode_ms_per_token"), Is.EqualTo(1000 * Median("decode") / 4).Within(1e-9)); // the first of five tokens belongs to the prefill
            Assert.That(Number(rates, "total_tokens_per_second"), Is.EqualTo(3 * 5 / Median("total")).Within(1e-6));
        });
    }

    [TestCase("--target-length", "4", "--micro-batch-size", "1", "--gradient-checkpointing")]
    [TestCase("--gradient-checkpointing", "--release-gradients")]
    [TestCase("--lora-r", "2", "--target-length", "3")]
    public void Run_Train_WithEveryOption_CountsItsTokens(params string[] more)
    {
        var (code, output, errors) = Run(["train", "--batch", "3", "--source-length", "7", "--repeats", "2", "--json", .. more]);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        using var document = JsonDocument.Parse(output);
        var targets = document.RootElement.GetProperty("settings").GetProperty("target_length").GetInt32();
        Assert.That(
            Number(document.RootElement.GetProperty("rates"), "step_tokens_per_second"),
            Is.EqualTo(3 * (7 + targets) / Number(document.RootElement.GetProperty("seconds").GetProperty("step"), "median")).Within(1e-6));
    }

    [Test]
    public void Run_Text_ShowsEveryTime()
    {
        var (code, output, _) = Run("decode", "--source-length", "3", "--new-tokens", "2", "--cache", "static", "--attention", "eager");
        Assert.That(code, Is.Zero);
        Assert.That(output, Does.Contain("prefill").And.Contain("decode_ms_per_token").And.Contain("static cache").And.Contain("attention eager"));
    }

    [Test]
    public void Run_Threads_AreSetAndReported()
    {
        var before = TorchSharp.torch.get_num_threads();
        try
        {
            var (_, output, _) = Run("encode", "--source-length", "3", "--threads", "1", "--json");
            Assert.That(output, Does.Contain("\"threads\":1,"));
        }
        finally
        {
            TorchSharp.torch.set_num_threads(before);
        }
    }

    [TestCase("--model, --preset: expected one of them, got both", "decode", "--preset", "s-s")]
    [TestCase("--new-tokens: expected at least 2, got 1", "decode", "--new-tokens", "1")]
    [TestCase("--repeats: expected at least 1, got 0", "encode", "--repeats", "0")]
    [TestCase("--threads: expected at least 1, got 0", "encode", "--threads", "0")]
    [TestCase("--warmup: expected at least 0, got -1", "load", "--warmup", "-1")]
    [TestCase("learn", "learn")]
    public void Run_BadUsage_SaysWhatAndExitsWith2(string expected, params string[] arguments)
        => CommandRun.AssertRefused(Run(arguments), expected);

    [Test]
    public void Run_NeitherModelNorPreset_SaysSo()
        => Assert.That(CommandRun.Of("benchmark", "decode").Errors, Is.EqualTo("error: --model, --preset: expected one of them, got neither\n"));

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private (int Code, string Output, string Errors) Run(params string[] arguments) => CommandRun.Of(["benchmark", .. arguments, "--model", _folder.Path, "--device", "cpu"]);
}
