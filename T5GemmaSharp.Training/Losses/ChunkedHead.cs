using T5GemmaSharp.Configuration;
using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Training.Teachers;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Losses;

/// <summary>
/// Head and loss for a few target tokens at a time: with a vocabulary of 256,000 the logits of a target take a megabyte in each of their forms, and all of them together
/// more than the model. Positions without a target are left out.
/// </summary>
internal sealed class ChunkedHead(T5GemmaForConditionalGeneration model, TokenLossOptions options, Distillation? distillation = null, KindLosses? kindLosses = null)
{
    /// <summary>Sums the losses; where gradients are recorded, adds those of the sum to the head and to everything that the states come from.</summary>
    /// <param name="states">The decoder's last hidden state [B, T, D].</param>
    /// <param name="positions">Positions with a target, as indices of B * T, int64 [N].</param>
    /// <param name="targets">Their targets, int64 [N].</param>
    /// <param name="teacher">What a teacher knows of these targets; null: there is none, or it has no share.</param>
    /// <param name="kinds">Kinds of their examples, int64 [N]; null: the losses by kind are not kept.</param>
    /// <returns>The sum, float32 [], without graph.</returns>
    public Tensor Sum(Tensor states, Tensor positions, Tensor targets, ITeacherTargets? teacher = null, Tensor? kinds = null)
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
            var (products, chunkTargets, chunkKinds) = (model.ToProducts(leaf), targets.narrow(0, from, count), kinds?.narrow(0, from, count));
            var loss = teacher is null && Kernels(products) is { } kernels
                ? LossByKernel(kernels, products, chunkTargets, chunkKinds)
                : Loss(T5GemmaLMHead.Capped(products, Cap), chunkTargets, teacher, from, chunkKinds);
            if (loss.requires_grad) // of a head that alone is trained too
                loss.backward();
            if (selected.requires_grad)
                gradients.Add(chunkScope.MoveToOuter(leaf.grad!)); // the loss depends on the leaf

            total.add_(loss.detach());
        }

        if (gradients.Count > 0)
            selected.backward([cat(gradients, 0)]);
        return scope.MoveToOuter(total);
    }

    /// <summary>Sums the losses and counts the targets that have the largest logit, without gradients.</summary>
    /// <param name="states">The decoder's last hidden state [B, T, D].</param>
    /// <param name="positions">Positions with a target, as indices of B * T, int64 [N].</param>
    /// <param name="targets">Their targets, int64 [N].</param>
    /// <returns>The sum, float32 [], and the number, int64 [].</returns>
    public (Tensor Sum, Tensor Right) Measure(Tensor states, Tensor positions, Tensor targets)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var selected = states.flatten(0, 1).index_select(0, positions); // [N, D]
        var (total, right) = (zeros([], dtype: ScalarType.Float32, device: states.device), zeros([], dtype: ScalarType.Int64, device: states.device));
        for (long from = 0; from < selected.size(0); from += options.ChunkSize)
        {
            using var chunkScope = NewDisposeScope();
            var count = Math.Min(options.ChunkSize, selected.size(0) - from);
            var (logits, chunkTargets) = (model.ToLogits(selected.narrow(0, from, count)), targets.narrow(0, from, count));
            total.add_(TokenLoss.Sum(logits, chunkTargets, options));
            right.add_(logits.argmax(-1).eq(chunkTargets).sum());
        }

        return (scope.MoveToOuter(total), scope.MoveToOuter(right));
    }

    private double? Cap => model.Config.Decoder.FinalLogitSoftcapping;

    /// <summary>The kernels that compute loss and gradient together; null: torch operators have to do, or no gradient is wanted.</summary>
    private TrainingKernels? Kernels(Tensor products)
        => products.requires_grad && model.Config.Decoder.AttnImplementation == AttentionImplementation.Auto && TrainingKernels.For(products.device) is { } kernels && LossKernels.Accepts(products) ? kernels : null;

    /// <summary>The summed loss, without graph: its gradient has gone on to the head already.</summary>
    private Tensor LossByKernel(TrainingKernels kernels, Tensor products, Tensor targets, Tensor? kinds)
    {
        using var scope = NewDisposeScope();
        var gradient = products.detach(); // in the same memory: what the head has computed is not needed for the gradients of what it was computed from
        var losses = LossKernels.TakeGradient(kernels, gradient, targets, Cap, options.LabelSmoothing, options.ZLoss);
        products.backward([gradient]);
        if (kinds is not null)
            kindLosses?.Add(kinds, losses);
        return scope.MoveToOuter(losses.sum());
    }

    private Tensor Loss(Tensor logits, Tensor targets, ITeacherTargets? teacher, long from, Tensor? kinds)
    {
        if (teacher is null && kinds is null)
            return TokenLoss.Sum(logits, targets, options);
        using var scope = NewDisposeScope();
        var losses = teacher is null ? TokenLoss.Each(logits, targets, options) : distillation!.Each(logits, teacher, from, targets, options); // it is the distillation's
        if (kinds is not null)
            kindLosses?.Add(kinds, losses.detach());
        return scope.MoveToOuter(losses.sum());
    }
}
