using NUnit.Framework;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class ScaledEmbeddingTests
{
    private static readonly (string, string) Names = ("inputIds", "inputsEmbeds");

    [TestCase(768, ScalarType.BFloat16, 27.75)]
    [TestCase(1152, ScalarType.BFloat16, 34.0)]
    [TestCase(2304, ScalarType.BFloat16, 48.0)]
    [TestCase(3584, ScalarType.BFloat16, 59.75)]
    [TestCase(768, ScalarType.Float16, 27.71875)]
    [TestCase(1152, ScalarType.Float16, 33.9375)]
    [TestCase(3584, ScalarType.Float16, 59.875)]
    public void Call_HalfPrecision_ScalesByTheRoundedRoot(long hiddenSize, ScalarType dtype, double expected)
    {
        using var scope = NewDisposeScope();
        var (table, config) = Ones(hiddenSize, dtype);
        torch.manual_seed(6);
        using (torch.no_grad())
            table.weight!.normal_(0, 1);
        var ids = torch.tensor(new[,] { { 1L, 2L } });
        var embeddings = table.call(ids);
        var fromIds = ScaledEmbedding.Call(table, ids, null, config, Names);
        var exact = embeddings.to(ScalarType.Float64);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fromIds.dtype, Is.EqualTo(dtype));
            TensorAssert.Close(fromIds, (exact * expected).to(dtype), 0, "from ids");
            TensorAssert.Close(ScaledEmbedding.Call(table, null, embeddings, config, Names), fromIds, 0, "from embeddings");
            var unrounded = (exact * Math.Sqrt(hiddenSize)).to(dtype);
            Assert.That(unrounded.ne(fromIds).any().item<bool>(), Is.EqualTo(expected != Math.Sqrt(hiddenSize)), "the data can tell the unrounded root apart");
        }
    }

    [Test]
    public void Call_Float32_ScalesByTheRoot()
    {
        using var scope = NewDisposeScope();
        var (table, config) = Ones(768, ScalarType.Float32);
        TensorAssert.Close(ScaledEmbedding.Call(table, torch.tensor(new[,] { { 1L } }), null, config, Names), torch.full([1, 1, 768], Math.Sqrt(768)), 1e-6, "scale");
    }

    [Test]
    public void Call_WrongInputs_SayWhatIsWrong()
    {
        using var scope = NewDisposeScope();
        var (table, config) = Ones(20, ScalarType.Float32);
        var (ids, embeddings) = (torch.tensor(new[,] { { 1L, 2L } }), torch.ones(1, 2, 20));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Call(null, null), Throws.ArgumentException.With.Message.Contains("exactly one of inputIds and inputsEmbeds, got neither"));
            Assert.That(() => Call(ids, embeddings), Throws.ArgumentException.With.Message.Contains("got both"));
            Assert.That(() => Call(torch.tensor(new[,] { { 1L, 41L } }), null), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("0 to 40, got 41 at [0, 1]"));
            Assert.That(() => Call(torch.tensor(new[,] { { 1L }, { -3L } }), null), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("got -3 at [1, 0]"));
            Assert.That(() => Call(ids.to(ScalarType.Int32), null), Throws.ArgumentException.With.Message.Contains("int64 [batch, length of at least 1], got Int32 [1, 2]"));
            Assert.That(() => Call(ids.flatten(), null), Throws.ArgumentException.With.Message.Contains("got Int64 [2]"));
            Assert.That(() => Call(null, torch.ones(1, 2, 21)), Throws.ArgumentException.With.Message.Contains("[batch, length of at least 1, 20], got Float32 [1, 2, 21]"));
            Assert.That(() => Call(null, torch.ones([1, 2, 20], dtype: ScalarType.Int64)), Throws.ArgumentException.With.Message.Contains("expected Float32"));
        }

        Tensor Call(Tensor? inputIds, Tensor? inputsEmbeds) => ScaledEmbedding.Call(table, inputIds, inputsEmbeds, config, Names);
    }

    private static (Embedding Table, T5GemmaModuleConfig Config) Ones(long hiddenSize, ScalarType dtype)
    {
        using var noGrad = torch.no_grad();
        var config = TinyModels.Config.Encoder with { HiddenSize = hiddenSize };
        var table = new ModuleFactory(CPU, dtype).Embedding(config.VocabSize, hiddenSize, config.PadTokenId);
        table.weight!.fill_(1);
        return (table, config);
    }
}
