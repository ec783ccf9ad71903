using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class T5GemmaServicesTests
{
    private static string Folder => Path.Combine(SourceTree.Root(), "weights", "g2p");

    [Test]
    public async Task AddT5Gemma_InAHost_AnswersByEveryService()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddT5Gemma(options => (options.ModelPath, options.Device) = (Folder, "cpu"));
        builder.Services.AddT5Gemma("second", options => (options.ModelPath, options.ModelId, options.Device) = (Folder, "again", "cpu"));
        using var host = builder.Build();
        await host.StartAsync();
        var chat = await host.Services.GetRequiredService<IChatClient>().GetResponseAsync("zebra");
        var second = await host.Services.GetRequiredKeyedService<IChatClient>("second").GetResponseAsync("zebra");
        var vectors = await host.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["zebra"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(chat.Text.Trim(), Is.EqualTo("Z IY B R AH"));
            Assert.That(chat.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
            Assert.That((second.Text, chat.ModelId, second.ModelId), Is.EqualTo((chat.Text, "g2p", "again")));
            Assert.That(vectors[0].Vector.Length, Is.EqualTo(256));
            Assert.That(host.Services.GetRequiredService<T5GemmaEngine>().State, Is.EqualTo(T5GemmaEngineState.Ready));
            Assert.That(host.Services.GetRequiredService<T5GemmaEngine>(), Is.Not.SameAs(host.Services.GetRequiredKeyedService<T5GemmaEngine>("second")));
        }

        await host.StopAsync();
        Assert.That(host.Services.GetRequiredService<T5GemmaEngine>().State, Is.EqualTo(T5GemmaEngineState.Stopped));
    }

    [Test]
    public async Task AddT5Gemma_FaultyOptions_StopTheHostWithAllFaults()
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddT5Gemma("summaries", options => (options.ModelPath, options.QueueCapacity, options.Device) = ("/nowhere", 0, "tpu"));
        using var host = builder.Build();
        var error = (await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync()))!; // the assertion returns it
        Assert.That(error.Message, Does.Contain("T5Gemma \"summaries\": ModelPath").And.Contain("QueueCapacity: expected at least 1, got 0").And.Contain("Device: expected auto, cpu, cuda or cuda:N, got tpu"));
    }

    [Test]
    public void AddT5Gemma_Configuration_SetsEveryOption()
    {
        var values = new Dictionary<string, string?>
        {
            ["T5Gemma:ModelPath"] = Folder,
            ["T5Gemma:Device"] = "cpu",
            ["T5Gemma:DType"] = "BFloat16",
            ["T5Gemma:QueueCapacity"] = "4",
            ["T5Gemma:RequestTimeout"] = "00:00:05",
            ["T5Gemma:Pooling"] = "LastToken",
        };
        var services = new ServiceCollection();
        services.AddT5Gemma(new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection("T5Gemma"));
        services.AddT5Gemma(options => options.MaxBatchSize = 3);
        using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptionsMonitor<T5GemmaOptions>>().CurrentValue;
        Assert.That(
            (options.ModelPath, options.DType, options.QueueCapacity, options.RequestTimeout, options.Pooling, options.MaxBatchSize),
            Is.EqualTo((Folder, TorchSharp.torch.ScalarType.BFloat16, 4, TimeSpan.FromSeconds(5), T5GemmaPooling.LastToken, 3)));
        Assert.That(services.Count(service => service.ServiceType == typeof(IHostedService)), Is.EqualTo(1), "one model, said twice");
    }
}
