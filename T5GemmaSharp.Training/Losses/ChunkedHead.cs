using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Losses;

/// <summary>
/// Head and loss for a few target tokens at a time: with a vocabulary of 256,000 the logits of a target take a megabyte in each of their forms, and all of them together
/// more than the model. Positions without a target are left out.
/// </summary>
internal sealed class ChunkedHead(T5GemmaForConditionalGeneration model, TokenLossOptions options)
{
    /// <summary>Sums the losses; where gradients are recorded, adds those of the sum to the head and to everything that the states come from.</summary>
    /// <param name="states">The decoder's last hidden state [B, T, D].</param>
    /// <param name="positions">Positions with a target, as indices of B * T, int64 [N].</param>
    /// <param name="targets">Their targets, int64 [N].</param>
    /// <returns>The sum, float32 [], without graph.</returns>
    public Tensor Sum(Tensor states, Tensor positions, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var selected = states.flatten(0, 1).index_select(0, positions); // [N, D]
        var total = zeros([], dtype: ScalarType.Float32, device: states.device);
        var gradients = new List<Tensor>();
        for (long from = 0; from < selected.size(0); from += options.ChunkSize)
        {
            using var chunkScope = NewDisposeScope();
            var count = Math.Min(options.ChunkSize, selected.size(0) - from);
            var leaf = selected.narrow(0, from, count).detach().requires_grad_(selected.requires_grad);
            var loss = TokenLoss.Sum(model.ToLogits(leaf), targets.narrow(0, from, count), options);
            if (selected.requires_grad)
            {
                loss.backward();
                gradients.Add(chunkScope.MoveToOuter(leaf.grad!)); // the loss depends on the leaf
            }

            total.add_(loss.detach());
        }

        if (gradients.Count > 0)
            selected.backward([cat(gradients, 0)]);
        return scope.MoveToOuter(total);
    }
}
