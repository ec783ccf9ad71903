namespace T5GemmaSharp.Hosting.Batching;

/// <summary>What is computed of single rows in batches of one pass. Functions that are equal share batches.</summary>
internal abstract record RowFunction
{
    /// <summary>Computes a batch; called on the model thread inside a dispose scope.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">Ids of each row.</param>
    /// <returns>The numbers of each row.</returns>
    public abstract IReadOnlyList<float[]> Run(HostedModel model, IReadOnlyList<IReadOnlyList<int>> rows);
}
