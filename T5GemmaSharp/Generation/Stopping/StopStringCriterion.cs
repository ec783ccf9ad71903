using System.Runtime.InteropServices;
using System.Text;
using T5GemmaSharp.Generation.Logits;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Stopping;

/// <summary>Ends a row whose newest token completes a stop string; the token may reach beyond it.</summary>
/// <remarks>HF: <c>StopStringCriteria</c>. It compares bytes, so that a stop string may be completed by byte tokens.</remarks>
internal sealed class StopStringCriterion(T5GemmaTokenizer tokenizer, IReadOnlyList<string> stopStrings) : StoppingCriterion
{
    private readonly byte[][] _stopBytes = [.. stopStrings.Select(Encoding.UTF8.GetBytes)];

    public override Tensor IsDone(Tensor inputIds)
    {
        // A token may be empty only if it is unknown to the tokenizer, so as many tokens as bytes are enough.
        var tail = Math.Min(inputIds.size(1), _stopBytes.Max(bytes => bytes.Length) + 1);
        var rows = TokenRows.Of(inputIds.narrow(1, inputIds.size(1) - tail, tail));
        return torch.tensor(rows.Select(EndsWithStop).ToArray(), dtype: ScalarType.Bool, device: inputIds.device);
    }

    private bool EndsWithStop(long[] ids)
    {
        var text = new List<byte>();
        foreach (var id in ids[..^1])
            tokenizer.AppendBytes((int)id, text);
        var before = text.Count;
        tokenizer.AppendBytes((int)ids[^1], text);
        var all = CollectionsMarshal.AsSpan(text);
        foreach (var stop in _stopBytes)
        {
            // It must end within the newest token.
            var start = Math.Max(0, before + 1 - stop.Length);
            if (all.Length - start >= stop.Length && all[start..].IndexOf(stop) >= 0)
                return true;
        }

        return false;
    }
}
