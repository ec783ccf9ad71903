using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Kernels.Cuda.Decode;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Decode;

/// <summary>The kernel that draws tokens against its plain form.</summary>
public sealed class TokenSamplerTests : GpuFixture
{
    private const int Positions = 40;
    private const int PositionsOfLargeVocabularies = 3; // the plain form is slow

    // Nearer to the edge between two tokens than this the kernel's exponentials, which are off by their last digits, may decide otherwise.
    private const double Edge = 1e-5;

    private static readonly DrawSettings[] Settings =
    [
        new(Temperature: 1, TopP: 1, MinP: 0, TopK: 0, Seed: 1),
        new(Temperature: 0.7f, TopP: 1, MinP: 0, TopK: 50, Seed: 2),
        new(Temperature: 1.5f, TopP: 0.9f, MinP: 0, TopK: 0, Seed: 3),
        new(Temperature: 1, TopP: 0.95f, MinP: 0, TopK: 64, Seed: 4),
        new(Temperature: 2, TopP: 1, MinP: 0.1f, TopK: 0, Seed: 5),
        new(Temperature: 1, TopP: 1, MinP: 0, TopK: 3000, Seed: 6),
        new(Temperature: 1, TopP: 1, MinP: 0, TopK: 1, Seed: 7),
        new(Temperature: 1, TopP: 0, MinP: 0, TopK: 0, Seed: 8),
        new(Temperature: 0, TopP: 1, MinP: 0, TopK: 0, Seed: 9),
    ];

    [TestCase(376, 3)]
    [TestCase(5003, 2)]
    [TestCase(256000, 4)]
    [TestCase(256000, 0)] // all logits are equal
    public void Draw_EverySetting_TakesTheTokenOfThePlainForm(int vocabulary, double scale)
    {
        torch.random.manual_seed(vocabulary);
        var logits = (torch.randn([Settings.Length, vocabulary]) * scale).tanh().mul(30);
        var rows = Enumerable.Range(0, Settings.Length).Select(row => logits[row].data<float>().ToArray()).ToArray();
        var edges = 0;
        for (var position = 0; position < (vocabulary > 10_000 ? PositionsOfLargeVocabularies : Positions); position++)
        {
            var (tokens, logProbabilities) = Draw(logits, Settings, position);
            for (var row = 0; row < Settings.Length; row++)
            {
                var (expected, margin) = Settings[row].Temperature > 0 ? DrawReference.Draw(rows[row], Settings[row], (uint)position) : (Array.IndexOf(rows[row], rows[row].Max()), 1);
                if (tokens[row] != expected && margin < Edge)
                    edges++;
                else
                    Assert.That(tokens[row], Is.EqualTo(expected), $"row {row}, position {position}, margin {margin:E1}");
                var sum = rows[row].Sum(logit => Math.Exp(logit - rows[row].Max()));
                Assert.That(logProbabilities[row], Is.EqualTo(rows[row][tokens[row]] - rows[row].Max() - Math.Log(sum)).Within(1e-4), $"row {row}");
            }
        }
        Assert.That(edges, Is.LessThanOrEqualTo(Positions * Settings.Length / 100), "draws that fell on an edge");
    }

    [Test]
    public void Draw_LogitsThatAreNoNumbers_TakesAToken()
    {
        var logits = torch.full([Settings.Length, 1000], float.NaN);
        logits[1].fill_(float.NegativeInfinity);
        logits[2, 7] = float.PositiveInfinity;
        var (tokens, _) = Draw(logits, Settings, position: 0);
        Assert.That(tokens, Has.All.InRange(0, 999));
    }

    private static (int[] Tokens, float[] LogProbabilities) Draw(Tensor logits, DrawSettings[] settings, int position)
    {
        using var scope = NewDisposeScope();
        var (rows, capacity) = ((int)logits.size(0), Positions + 1);
        using var onDevice = new DeviceArray(logits.cuda());
        using var sampler = new TokenSampler(settings, logits.size(1), CUDA);
        using var positions = new DeviceArray(torch.full([rows], position, dtype: ScalarType.Int32, device: CUDA));
        using var best = DeviceArray.Zeros(ScalarType.Int64, CUDA, rows);
        using var logProbabilities = DeviceArray.Zeros(ScalarType.Float32, CUDA, rows, capacity);
        sampler.Launch(TorchStream.Current(CUDA), new DrawArguments
        {
            Logits = onDevice.Address,
            Positions = positions.Address,
            Best = best.Address,
            LogProbabilities = logProbabilities.Address,
            Capacity = capacity,
        });
        return ([.. best.Tensor.cpu().data<long>().ToArray().Select(mark => (int)(0xffffffffu - (uint)mark))], logProbabilities.Tensor.select(1, position + 1).cpu().data<float>().ToArray());
    }
}
